# sluice_room(NAME [AT DIR] [USES targets…] [PRIVATE targets…]): the library `NAME` of all .cpp files under DIR
# (default lib/NAME). USES names the rooms and packages whose headers appear in the room's own headers; PRIVATE
# packages stay inside its .cpp files.
function(sluice_room name)
  cmake_parse_arguments(ROOM "" "AT" "USES;PRIVATE" ${ARGN})
  if(NOT ROOM_AT)
    set(ROOM_AT lib/${name})
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${ROOM_AT}/*.cpp)
  list(TRANSFORM ROOM_USES PREPEND "sluice_" REGEX "^[a-z]+$")
  if(sources)
    add_library(sluice_${name} STATIC ${sources})
    target_link_libraries(sluice_${name} PUBLIC sluice_settings ${ROOM_USES} PRIVATE ${ROOM_PRIVATE})
  else()
    add_library(sluice_${name} INTERFACE)
    target_link_libraries(sluice_${name} INTERFACE sluice_settings ${ROOM_USES})
  endif()
endfunction()
