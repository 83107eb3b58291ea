# sluice_room(NAME [AT DIR] [USES targets…] [PRIVATE targets…]): the library `NAME` of all .cpp files under DIR
# (default lib/NAME). USES names the rooms and packages whose headers appear in the room's own headers; PRIVATE
# packages stay inside its .cpp files. SMALL: no request runs through it, so it is optimised for size, not speed: two
# thirds of the program are such code, and the image has a bound.
function(sluice_room name)
  cmake_parse_arguments(ROOM "SMALL" "AT" "USES;PRIVATE" ${ARGN})
  if(NOT ROOM_AT)
    set(ROOM_AT lib/${name})
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${ROOM_AT}/*.cpp)
  list(TRANSFORM ROOM_USES PREPEND "sluice_" REGEX "^[a-z]+$")
  if(sources)
    add_library(sluice_${name} STATIC ${sources})
    target_link_libraries(sluice_${name} PUBLIC sluice_settings ${ROOM_USES} PRIVATE ${ROOM_PRIVATE})
    if(ROOM_SMALL)
      target_compile_options(sluice_${name} PRIVATE $<$<CONFIG:Release>:-Os>)
    endif()
  else()
    add_library(sluice_${name} INTERFACE)
    target_link_libraries(sluice_${name} INTERFACE sluice_settings ${ROOM_USES})
  endif()
endfunction()
