#include "http/h2/session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>

namespace sluice::http::h2 {
namespace {

constexpr std::size_t kMostAcks = 128;
constexpr std::size_t kMostSettings = 32;
constexpr std::size_t kMostContinuations = 8;
// Our own guard is stricter; the library's is there should ours be passed by.
constexpr std::uint64_t kLibraryResets = 1000;
constexpr std::uint64_t kLibraryResetRate = 100;
constexpr std::size_t kFrameHead = 9;

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// What the peer made us do; resets that we chose ourselves are not its fault.
bool is_provoked(std::uint32_t error) {
  switch (error) {
    case NGHTTP2_NO_ERROR:
    case NGHTTP2_CANCEL:
    case NGHTTP2_INTERNAL_ERROR:
    case NGHTTP2_CONNECT_ERROR: return false;
    default: return true;
  }
}

// The library copies names, in lower case, and values.
std::vector<nghttp2_nv>& name_values(Block block) {
  static thread_local std::vector<nghttp2_nv> list;
  list.clear();
  for (const Field& field : block) {
    auto bytes = [](std::string_view text) { return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())); };
    list.push_back(
        {bytes(field.name), bytes(field.value), field.name.size(), field.value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return list;
}

}  // namespace

struct DeleteOption {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};

struct SessionCallbacks {
  static Stream* stream_of(nghttp2_session* session, std::int32_t id) {
    return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }
  static Session& self(void* user) { return *static_cast<Session*>(user); }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Session& ours = self(user);
    ours.block_.reset();
    Stream* stream = nullptr;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      stream = ours.owner_.on_open();
      if (stream == nullptr) {
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
        return ours.given_up_ ? NGHTTP2_ERR_CALLBACK_FAILURE : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
      }
      stream->id_ = frame->hd.stream_id;
      nghttp2_session_set_stream_user_data(session, stream->id_, stream);
    } else {
      stream = stream_of(session, frame->hd.stream_id);
    }
    if (stream != nullptr) ours.block_.emplace(stream->head_arena(), ours.settings_.heads);
    return 0;
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                       void* user) {
    Session& ours = self(user);
    if (!ours.block_) return 0;
    ours.block_->add(text_of(name, name_size), text_of(value, value_size));
    if (!ours.block_->hopeless()) return 0;
    ours.in_head_ = false;
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_ENHANCE_YOUR_CALM);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  // Without this the library would leave the field out and go on (RFC 9113 §8.1.1 wants the stream reset).
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t,
                               const std::uint8_t*, std::size_t, std::uint8_t, void* user) {
    self(user).in_head_ = false;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Session& ours = self(user);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS: return on_headers(session, frame, ours);
      case NGHTTP2_DATA: {
        bool ended = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (frame->hd.length <= frame->data.padlen && !ended && !ours.guard_.allow(Abuse::empty_frames, ours.now_)) {
          return ours.abused(Abuse::empty_frames);
        }
        Stream* stream = stream_of(session, frame->hd.stream_id);
        if (ended && stream != nullptr) stream->on_end();
        return 0;
      }
      case NGHTTP2_RST_STREAM: return count(ours, Abuse::resets);
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) return 0;
        ours.greeted_ = true;
        ours.owner_.on_settings();
        return count(ours, Abuse::settings);
      case NGHTTP2_PING: return (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0 ? 0 : count(ours, Abuse::pings);
      case NGHTTP2_GOAWAY: ours.owner_.on_goaway(); return 0;
      case NGHTTP2_WINDOW_UPDATE: return count(ours, Abuse::window_updates);
      default: return 0;
    }
  }

  static int on_headers(nghttp2_session* session, const nghttp2_frame* frame, Session& ours) {
    ours.in_head_ = false;
    Stream* stream = stream_of(session, frame->hd.stream_id);
    if (!ours.block_ || stream == nullptr) return 0;
    bool ended = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    bool is_head = frame->headers.cat == NGHTTP2_HCAT_REQUEST || !ours.block_->status.empty();
    if (is_head) {
      stream->on_head(*ours.block_, ended);
    } else {
      stream->on_trailers(*ours.block_);
      stream->on_end();
    }
    ours.block_.reset();
    return 0;
  }

  static int count(Session& ours, Abuse abuse) { return ours.guard_.allow(abuse, ours.now_) ? 0 : ours.abused(abuse); }

  static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
    Session& ours = self(user);
    ours.in_head_ = head->type == NGHTTP2_HEADERS || head->type == NGHTTP2_CONTINUATION;
    // The library ignores them once the other end was told to do without, and tells nobody.
    bool priority = head->type == NGHTTP2_PRIORITY || head->type == NGHTTP2_PRIORITY_UPDATE;
    return priority ? count(ours, Abuse::priorities) : 0;
  }

  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame*, int, void* user) {
    self(user).in_head_ = false;
    return 0;
  }

  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void*) {
    nghttp2_session_consume_connection(session, size);
    Stream* stream = stream_of(session, id);
    if (stream != nullptr) stream->on_data(text_of(bytes, size));
    return 0;
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t error, void*) {
    if (Stream* stream = stream_of(session, id)) {
      stream->id_ = 0;
      stream->offered_ = {};
      stream->on_closed(static_cast<ErrorCode>(error));
    }
    return 0;
  }

  static int on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Session& ours = self(user);
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
      if (is_provoked(frame->rst_stream.error_code)) provoked(ours);
      return 0;
    }
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) ours.given_up_ = true;
    if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
    if (frame->hd.type == NGHTTP2_DATA) ours.guard_.sent_data();
    if (frame->hd.type == NGHTTP2_HEADERS && !ours.opening_.empty()) opened(ours, frame->hd.stream_id);
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    if (Stream* stream = stream_of(session, frame->hd.stream_id)) {
      stream->finished_ = true;
      stream->on_sent();
    }
    return 0;
  }

  static void provoked(Session& ours) {
    if (!ours.guard_.allow(Abuse::provoked, ours.now_)) {
      ours.abused(Abuse::provoked);
    } else if (!ours.strained_ && ours.guard_.strained(Abuse::provoked)) {
      ours.strained_ = true;
      ours.owner_.on_strain();
    }
  }

  static Stream* opened(Session& ours, std::int32_t id) {
    auto found = std::find_if(ours.opening_.begin(), ours.opening_.end(),
                              [id](const Stream* stream) { return stream->id_ == id; });
    if (found == ours.opening_.end()) return nullptr;
    Stream* stream = *found;
    stream->opening_ = false;
    ours.opening_.erase(found);
    return stream;
  }

  static int on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    if (Stream* stream = opened(self(user), frame->hd.stream_id)) {
      stream->id_ = 0;
      stream->offered_ = {};
      stream->on_closed(ErrorCode::refused_stream);
    }
    return 0;
  }

  static ssize_t pull(nghttp2_session* session, std::int32_t id, std::uint8_t*, std::size_t most, std::uint32_t* flags,
                      nghttp2_data_source*, void*) {
    Stream* stream = stream_of(session, id);
    if (stream == nullptr || (stream->offered_.empty() && !stream->last_)) return NGHTTP2_ERR_DEFERRED;
    std::size_t size = std::min(most, stream->offered_.size());
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (stream->last_ && size == stream->offered_.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!stream->trailers_.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        std::vector<nghttp2_nv>& list = name_values(stream->trailers_);
        nghttp2_submit_trailer(session, id, list.data(), list.size());
      }
    }
    return static_cast<ssize_t>(size);
  }

  static int send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head, std::size_t size,
                       nghttp2_data_source*, void* user) {
    Session& ours = self(user);
    Stream* stream = stream_of(ours.session_.get(), frame->hd.stream_id);
    // The frame has been announced with bytes of a stream that is gone.
    if (stream == nullptr || stream->offered_.size() < size) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (ours.out_->size() >= Session::kBatch) return NGHTTP2_ERR_WOULDBLOCK;
    ours.out_->append(text_of(head, kFrameHead));
    if (frame->data.padlen > 0) ours.out_->push_back(static_cast<char>(frame->data.padlen - 1));
    ours.out_->append(stream->offered_.substr(0, size));
    if (frame->data.padlen > 1) ours.out_->append(frame->data.padlen - 1, '\0');
    stream->offered_.remove_prefix(size);
    stream->on_sent();
    return 0;
  }

  static const nghttp2_session_callbacks* table() {
    static const nghttp2_session_callbacks* const callbacks = [] {
      nghttp2_session_callbacks* made = nullptr;
      SLUICE_CHECK(nghttp2_session_callbacks_new(&made) == 0);
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(made, on_header);
      nghttp2_session_callbacks_set_on_invalid_header_callback(made, on_invalid_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
      nghttp2_session_callbacks_set_on_begin_frame_callback(made, on_begin_frame);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid_frame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, on_stream_close);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, on_frame_sent);
      nghttp2_session_callbacks_set_on_frame_not_send_callback(made, on_frame_not_sent);
      nghttp2_session_callbacks_set_send_data_callback(made, send_data);
      return made;
    }();
    return callbacks;
  }

  static std::unique_ptr<nghttp2_option, DeleteOption> options(const Settings& settings) {
    nghttp2_option* option = nullptr;
    SLUICE_CHECK(nghttp2_option_new(&option) == 0);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_outbound_ack(option, kMostAcks);
    nghttp2_option_set_max_settings(option, kMostSettings);
    nghttp2_option_set_max_continuations(option, kMostContinuations);
    nghttp2_option_set_stream_reset_rate_limit(option, kLibraryResets, kLibraryResetRate);
    nghttp2_option_set_builtin_recv_extension_type(option, NGHTTP2_PRIORITY_UPDATE);
    nghttp2_option_set_max_deflate_dynamic_table_size(option, settings.encoder_table);
    return std::unique_ptr<nghttp2_option, DeleteOption>(option);
  }
};

void Session::Delete::operator()(nghttp2_session* session) const { nghttp2_session_del(session); }

Session::Session(Role role, const Settings& settings, Owner& owner) : settings_(settings), owner_(owner) {
  nghttp2_session* made = nullptr;
  auto options = SessionCallbacks::options(settings);
  int failed = role == Role::server
                   ? nghttp2_session_server_new2(&made, SessionCallbacks::table(), this, options.get())
                   : nghttp2_session_client_new2(&made, SessionCallbacks::table(), this, options.get());
  SLUICE_CHECK(failed == 0);  // only ever out of memory
  session_.reset(made);
  std::array<nghttp2_settings_entry, 6> entries{
      {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.heads.max_header_bytes},
       {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, settings.decoder_table}}};
  std::size_t count = 3;
  if (role == Role::server) {
    entries[count++] = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.max_concurrent_streams};
    entries[count++] = {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};  // RFC 8441
    entries[count++] = {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1};    // RFC 9218 instead
  } else {
    entries[count++] = {NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
  }
  SLUICE_CHECK(nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, entries.data(), count) == 0);
  nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(settings.connection_window));
}

Session::~Session() = default;

int Session::abused(Abuse abuse) {
  [[maybe_unused]] Status gone = give_up(abuse);
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

Status Session::give_up(Abuse abuse) {
  if (!given_up_) {
    given_up_ = true;
    std::string_view name = name_of(abuse);
    nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                          NGHTTP2_ENHANCE_YOUR_CALM, reinterpret_cast<const std::uint8_t*>(name.data()), name.size());
    owner_.on_abuse(abuse);
  }
  return Error::of(Code::too_large, name_of(abuse));
}

Status Session::receive(Bytes bytes, Time now) {
  now_ = now;
  if (given_up_) return Error::of(Code::invalid, "the session has ended");
  ssize_t read =
      nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (read >= 0 && !given_up_) {
    // After a fault of the peer the library has queued GOAWAY and reads nothing more.
    if (!reads()) return Error::of(Code::closed, "the session is over");
    return {};
  }
  if (given_up_) return Error::of(Code::too_large, "a limit of HTTP/2 was exceeded");
  if (read == NGHTTP2_ERR_FLOODED) return give_up(Abuse::unanswered);
  if (read == NGHTTP2_ERR_CALLBACK_FAILURE || read == NGHTTP2_ERR_BAD_CLIENT_MAGIC || read == NGHTTP2_ERR_NOMEM) {
    given_up_ = true;
    nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                          NGHTTP2_PROTOCOL_ERROR, nullptr, 0);
    return Error::of(Code::invalid, "not the preface of HTTP/2");
  }
  return give_up(Abuse::header_block);  // too many CONTINUATION frames: its code is newer than the header of Debian 12
}

void Session::produce(std::string& out) {
  out_ = &out;
  while (out.size() < kBatch) {
    const std::uint8_t* bytes = nullptr;
    ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size <= 0) break;
    out.append(text_of(bytes, static_cast<std::size_t>(size)));
  }
  out_ = nullptr;
}

bool Session::has_output() const { return nghttp2_session_want_write(session_.get()) != 0; }

// Once GOAWAY was sent the library wants to read no more than open streams need; but it was sent ahead of time.
bool Session::reads() const { return !given_up_ && (leaving_ || nghttp2_session_want_read(session_.get()) != 0); }

bool Session::over() const { return !reads() && !has_output(); }

Status Session::respond(Stream& stream, Block head, bool ended) {
  if (stream.id_ == 0) return Error::of(Code::closed, "the stream is closed");
  std::vector<nghttp2_nv>& list = name_values(head);
  nghttp2_data_provider provider{};
  provider.read_callback = SessionCallbacks::pull;
  stream.last_ = ended;
  int failed =
      nghttp2_submit_response(session_.get(), stream.id_, list.data(), list.size(), ended ? nullptr : &provider);
  return failed == 0 ? Status() : Error::of(Code::closed, "the stream takes no response");
}

Status Session::interim(Stream& stream, Block head) {
  if (stream.id_ == 0) return Error::of(Code::closed, "the stream is closed");
  std::vector<nghttp2_nv>& list = name_values(head);
  int failed =
      nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream.id_, nullptr, list.data(), list.size(), nullptr);
  return failed >= 0 ? Status() : Error::of(Code::closed, "the stream takes no response");
}

Status Session::request(Stream& stream, Block head, bool ended) {
  std::int32_t id = -1;
  if (may_request()) {
    std::vector<nghttp2_nv>& list = name_values(head);
    nghttp2_data_provider provider{};
    provider.read_callback = SessionCallbacks::pull;
    id =
        nghttp2_submit_request(session_.get(), nullptr, list.data(), list.size(), ended ? nullptr : &provider, &stream);
  }
  if (id < 0) {
    Error error = Error::of(Code::closed, "the connection takes no more requests", Origin::upstream);
    error.nothing_sent = true;
    return error;
  }
  stream.id_ = id;
  stream.opening_ = true;
  stream.last_ = ended;
  opening_.push_back(&stream);
  return {};
}

void Session::offer(Stream& stream, Bytes bytes, bool last) {
  if (stream.id_ == 0) return;
  stream.offered_ = bytes;
  stream.last_ = last;
  nghttp2_session_resume_data(session_.get(), stream.id_);  // fails when it was not waiting, and then need not be
}

void Session::end(Stream& stream, Block trailers) {
  if (stream.id_ == 0) return;
  stream.trailers_ = trailers;
  stream.last_ = true;
  nghttp2_session_resume_data(session_.get(), stream.id_);
}

void Session::consumed(Stream& stream, std::size_t bytes) {
  if (stream.id_ != 0 && bytes > 0) nghttp2_session_consume_stream(session_.get(), stream.id_, bytes);
}

void Session::reset(Stream& stream, ErrorCode error) {
  if (stream.id_ == 0) return;
  std::int32_t id = stream.id_;
  detach(stream);
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(error));
}

void Session::detach(Stream& stream) {
  if (stream.id_ == 0) return;
  nghttp2_session_set_stream_user_data(session_.get(), stream.id_, nullptr);
  if (stream.opening_) SessionCallbacks::opened(*this, stream.id_);
  stream.id_ = 0;
  stream.offered_ = {};
}

void Session::announce_goaway() {
  leaving_ = true;
  nghttp2_submit_shutdown_notice(session_.get());
}

void Session::goaway() {
  leaving_ = true;
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void Session::ping() { nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr); }

std::uint32_t Session::most_streams() const {
  return nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool Session::may_request() const { return !given_up_ && nghttp2_session_check_request_allowed(session_.get()) != 0; }

}  // namespace sluice::http::h2
