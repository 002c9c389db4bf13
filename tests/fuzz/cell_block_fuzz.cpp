// SPDX-License-Identifier: GPL-3.0-or-later
// Blocks of cells of which any byte may be wrong: what is read is in order, and written again it is the same cells.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "store/cell_block.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace streamgauge;
    struct Read {
        std::int64_t window;
        std::string group;
        Cell cell;
    };
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    Result<CellBlockReader> reader = CellBlockReader::open(bytes);
    if (!reader.ok()) return 0;
    std::vector<Read> cells;
    CellBlockWriter writer(reader->aggregate());
    for (;;) {
        const Result<bool> there = reader->next();
        if (!there.ok()) return 0;
        if (!there.value()) break;
        if (!cells.empty() && std::pair(cells.back().window, std::string_view(cells.back().group)) >=
                                  std::pair(reader->window(), reader->group()))
            std::abort();
        cells.push_back({reader->window(), std::string(reader->group()), reader->cell()});
        writer.add(reader->window(), reader->group(), reader->cell());
    }
    const std::string again = writer.take();
    Result<CellBlockReader> second = CellBlockReader::open(again);
    if (!second.ok()) std::abort();
    for (const Read& cell : cells) {
        const Result<bool> there = second->next();
        if (!there.ok() || !there.value() || second->window() != cell.window || second->group() != cell.group ||
            !(second->cell() == cell.cell))
            std::abort();
    }
    const Result<bool> end = second->next();
    if (!end.ok() || end.value()) std::abort();
    return 0;
}
