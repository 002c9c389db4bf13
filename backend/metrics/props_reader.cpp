// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/props_reader.h"

#include <simdjson.h>

#include <algorithm>

namespace streamgauge {
namespace {

// simdjson's raw token of a number may end in white space.
std::string_view trimmed(std::string_view token) {
    const std::size_t end = token.find_last_not_of(" \t\r\n");
    return end == std::string_view::npos ? std::string_view{} : token.substr(0, end + 1);
}

}  // namespace

struct PropsReader::Impl {
    simdjson::ondemand::parser parser;
    std::string padded;

    void walk(std::string_view props, const std::vector<std::string>& names, std::vector<std::string_view>& values,
              bool words) {
        padded.reserve(props.size() + simdjson::SIMDJSON_PADDING);
        padded.assign(props);
        simdjson::ondemand::document document;
        if (parser.iterate(padded.data(), props.size(), padded.capacity()).get(document)) return;
        simdjson::ondemand::object object;
        if (document.get_object().get(object)) return;
        std::size_t missing = names.size();
        for (auto member : object) {
            simdjson::ondemand::field field;
            std::string_view key;
            if (std::move(member).get(field) || field.unescaped_key().get(key)) return;
            const auto name = std::find(names.begin(), names.end(), key);
            if (name == names.end()) continue;
            std::string_view& value = values[static_cast<std::size_t>(name - names.begin())];
            if (value.data() != nullptr) continue;
            value = std::string_view("");
            simdjson::ondemand::json_type type{};
            if (field.value().type().get(type)) return;
            if (type == simdjson::ondemand::json_type::string) {
                if (field.value().get_string().get(value)) return;
            } else if (type == simdjson::ondemand::json_type::number ||
                       (words && type == simdjson::ondemand::json_type::boolean)) {
                value = trimmed(field.value().raw_json_token());
            }
            if (--missing == 0) return;
        }
    }
};

PropsReader::PropsReader() : impl_(std::make_unique<Impl>()) {}
PropsReader::~PropsReader() = default;
PropsReader::PropsReader(PropsReader&&) noexcept = default;
PropsReader& PropsReader::operator=(PropsReader&&) noexcept = default;

void PropsReader::read(std::string_view props, const std::vector<std::string>& names,
                       std::vector<std::string_view>& values, bool words) {
    values.assign(names.size(), std::string_view{});
    impl_->walk(props, names, values, words);
}

}  // namespace streamgauge
