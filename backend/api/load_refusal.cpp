// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/load_refusal.h"

#include <array>
#include <nlohmann/json.hpp>

namespace streamgauge::api {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kBegins = R"({"refused":)";
// Those that a caller can do something about; all others are Internal.
constexpr std::array kCodes{
    ErrorCode::InvalidArgument, ErrorCode::NotFound,  ErrorCode::Forbidden,        ErrorCode::TooLarge,
    ErrorCode::Unavailable,     ErrorCode::Cancelled, ErrorCode::DeadlineExceeded, ErrorCode::Conflict,
    ErrorCode::Corrupt,         ErrorCode::Io};

std::string text_of(const Json& json, const char* member) {
    const auto found = json.find(member);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string encode_load_refusal(const Error& error) {
    const Json json{
        {"refused",
         {{"error", to_string(error.code)}, {"message", error.message}, {"field", error.field}, {"hint", error.hint}}}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Error> decode_load_refusal(std::string_view line) {
    if (!line.starts_with(kBegins)) return std::nullopt;
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object() || !json["refused"].is_object()) return std::nullopt;
    const Json& refused = json["refused"];
    Error error = Error::make(ErrorCode::Internal, text_of(refused, "message"));
    const std::string word = text_of(refused, "error");
    for (const ErrorCode code : kCodes)
        if (to_string(code) == word) error.code = code;
    error.field = text_of(refused, "field");
    error.hint = text_of(refused, "hint");
    return error;
}

}  // namespace streamgauge::api
