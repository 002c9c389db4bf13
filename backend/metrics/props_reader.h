// SPDX-License-Identifier: GPL-3.0-or-later
// Picks a few top-level members out of an event's props, as text.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace streamgauge {

// Reuses its memory. Not thread-safe.
class PropsReader {
public:
    PropsReader();
    ~PropsReader();
    PropsReader(PropsReader&&) noexcept;
    PropsReader& operator=(PropsReader&&) noexcept;

    // values[i] becomes the text of member names[i]: a string without quotes and escapes, a number as it is written,
    // otherwise empty (also when `props` is not a JSON object); with `words` also true and false as they are
    // written. Of members of the same name the first counts. The views are valid until the next call.
    void read(std::string_view props, const std::vector<std::string>& names, std::vector<std::string_view>& values,
              bool words = false);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace streamgauge
