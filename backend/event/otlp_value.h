// SPDX-License-Identifier: GPL-3.0-or-later
// The values of OpenTelemetry's protocol in JSON (AnyValue, KeyValue: opentelemetry-proto, common/v1) as plain JSON.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

namespace streamgauge::otlp {

using Reason = std::optional<std::string>;  // what is wrong, for a person; none: good

// Appends an AnyValue, minified: {"intValue":"3"} -> 3, {"bytesValue":"AQ=="} -> "AQ==", {"doubleValue":"NaN"} ->
// "NaN", a value without a member -> null. `depth` is the level that it has as a container; the event itself is 1.
// Wrong: a type that the protocol does not have there, U+0000, deeper than limits::kJsonDepth, longer than
// limits::kPropsBytes.
Reason append_value(std::string& out, simdjson::dom::element value, std::size_t depth);
// Appends a list of KeyValue as one object.
Reason append_key_values(std::string& out, simdjson::dom::element list, std::size_t depth);

struct KeyValue {
    std::string_view key;
    std::optional<simdjson::dom::element> value;  // an AnyValue
};
// Wrong: no object with a key.
Reason read_key_value(simdjson::dom::element entry, KeyValue& out);
// What a string or integer AnyValue holds; nullopt for others.
std::optional<simdjson::dom::element> scalar_of(simdjson::dom::element value);

}  // namespace streamgauge::otlp
