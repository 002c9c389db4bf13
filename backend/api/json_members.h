// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the members of a JSON object that a person wrote: which are known, of which type, and which was wrong first.
// For codecs only: it brings the JSON library along.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "base/wrong_field.h"

namespace streamgauge::api {

// Members of one object. What is wrong first is kept; then everything else reads as missing.
class Members {
public:
    Members(const nlohmann::json& object, std::string prefix) : object_(object), prefix_(std::move(prefix)) {
        if (!object.is_object())
            fail(prefix_.empty() ? "" : prefix_.substr(0, prefix_.size() - 1), "must be an object");
    }

    template <class Names>
    void know_only(const Names& names) {
        if (fault_) return;
        for (const auto& [name, value] : object_.items())
            if (std::find(std::begin(names), std::end(names), name) == std::end(names))
                return fail(prefix_ + name, "there is no such member; there are " + listed(names));
    }

    const nlohmann::json* find(const char* name) const {
        if (fault_) return nullptr;
        const auto found = object_.find(name);
        return found == object_.end() ? nullptr : &*found;
    }

    std::optional<std::string> text(const char* name) {
        const nlohmann::json* const found = find(name);
        if (found == nullptr) return std::nullopt;
        if (!found->is_string()) {
            fail(prefix_ + name, "must be a text");
            return std::nullopt;
        }
        std::string value = found->get<std::string>();
        if (value.find('\0') == std::string::npos) return value;
        fail(prefix_ + name, "must not contain U+0000");
        return std::nullopt;
    }

    // A text that `read` takes.
    template <class Read>
    auto parsed(const char* name, Read read)
        -> std::optional<std::decay_t<decltype(read(std::string_view()).value())>> {
        const std::optional<std::string> value = text(name);
        if (!value) return std::nullopt;
        auto result = read(std::string_view(*value));
        if (result) return std::move(result).value();
        if (!fault_) {
            fault_ = result.error();
            fault_->field = prefix_ + name;
        }
        return std::nullopt;
    }

    std::optional<bool> flag(const char* name) {
        const nlohmann::json* const found = find(name);
        if (found == nullptr) return std::nullopt;
        if (found->is_boolean()) return found->get<bool>();
        fail(prefix_ + name, "must be true or false");
        return std::nullopt;
    }
    std::optional<double> number(const char* name) {
        const nlohmann::json* const found = find(name);
        if (found == nullptr) return std::nullopt;
        if (found->is_number()) return found->get<double>();
        fail(prefix_ + name, "must be a number");
        return std::nullopt;
    }
    std::optional<std::uint64_t> count(const char* name) {
        const nlohmann::json* const found = find(name);
        if (found == nullptr) return std::nullopt;
        if (found->is_number_unsigned()) return found->get<std::uint64_t>();
        fail(prefix_ + name, "must be a whole number");
        return std::nullopt;
    }

    void fail(std::string field, std::string message) {
        if (!fault_) fault_ = wrong_field(std::move(field), std::move(message));
    }
    void fail(Error error) {
        if (!fault_) fault_ = std::move(error);
    }
    const std::optional<Error>& fault() const { return fault_; }

private:
    template <class Names>
    static std::string listed(const Names& names) {
        std::string all;
        for (const std::string_view name : names) all.append(all.empty() ? "" : ", ").append(name);
        return all;
    }

    const nlohmann::json& object_;
    std::string prefix_;
    std::optional<Error> fault_;
};

}  // namespace streamgauge::api
