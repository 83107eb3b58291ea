#include "middleware/field_edits.h"

#include "http/chars.h"

namespace sluice::middleware {

bool FieldEdits::set(std::string_view name, std::string_view value) {
  if (!http::is_token(name) || !http::is_field_value(value)) return false;
  edits_.push_back(Edit{std::string(name), std::string(http::trim_blanks(value)), http::field_id(name), false});
  return true;
}

bool FieldEdits::remove(std::string_view name) {
  if (!http::is_token(name)) return false;
  edits_.push_back(Edit{std::string(name), {}, http::field_id(name), true});
  return true;
}

void FieldEdits::apply(http::Fields& fields) const {
  for (const Edit& edit : edits_) {
    if (edit.remove) {
      edit.id == http::FieldId::other ? fields.remove(edit.name) : fields.remove(edit.id);
    } else {
      fields.set(edit.name, edit.value);
    }
  }
}

}  // namespace sluice::middleware
