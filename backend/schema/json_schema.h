// SPDX-License-Identifier: GPL-3.0-or-later
// One compiled JSON Schema (draft 7): checks documents, and knows its own structure for comparison with others.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "schema/schema_registry.h"

namespace streamgauge::schema {

// Bounds of what is checked, so that nobody can send an event that takes long: beyond them an event is at fault.
inline constexpr std::size_t kCheckedValues = 2'048;    // numbers, texts, objects, ... of one document
inline constexpr std::size_t kMatchedBytes = 4 * 1024;  // of a text that a pattern is tried on

// Immutable and thread-safe.
class JsonSchema {
public:
    // As read_schema_document(), which says what is refused.
    static Result<std::shared_ptr<const JsonSchema>> compile(std::string_view text);
    ~JsonSchema();
    JsonSchema(const JsonSchema&) = delete;
    JsonSchema& operator=(const JsonSchema&) = delete;

    // The first fault of `props`, a JSON object, with a pointer that begins with "/props"; none when it is right.
    std::optional<SchemaFault> check(std::string_view props) const;
    bool accepts(const nlohmann::json& value) const;
    // As read_schema_document() made it.
    const nlohmann::json& document() const;

private:
    struct Compiled;
    explicit JsonSchema(std::unique_ptr<Compiled> compiled);
    const std::unique_ptr<Compiled> compiled_;
};

}  // namespace streamgauge::schema
