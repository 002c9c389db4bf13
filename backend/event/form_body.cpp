// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/form_body.h"

#include <sodium.h>

#include <algorithm>
#include <charconv>

namespace streamgauge {

std::optional<std::string_view> form_field(std::string_view form, std::string_view name) {
    while (!form.empty()) {
        const std::string_view field = form.substr(0, form.find('&'));
        form.remove_prefix(std::min(field.size() + 1, form.size()));
        if (field.size() > name.size() && field[name.size()] == '=' && field.starts_with(name))
            return field.substr(name.size() + 1);
    }
    return std::nullopt;
}

std::string form_decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned code = 0;
        const char* digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, code, 16).ptr == digits + 2) {
            out += static_cast<char>(code);
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

std::optional<std::string> base64_decoded(std::string_view text) {
    std::string source(text);
    std::replace(source.begin(), source.end(), ' ', '+');
    while (!source.empty() && (source.back() == '=' || source.back() == '\n' || source.back() == '\r'))
        source.pop_back();
    const bool url_safe = source.find_first_of("-_") != std::string::npos;
    std::string out(source.size() / 4 * 3 + 3, '\0');
    std::size_t size = 0;
    if (sodium_base642bin(
            reinterpret_cast<unsigned char*>(out.data()), out.size(), source.data(), source.size(), "\r\n\t", &size,
            nullptr,
            url_safe ? sodium_base64_VARIANT_URLSAFE_NO_PADDING : sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
        return std::nullopt;
    out.resize(size);
    return out;
}

}  // namespace streamgauge
