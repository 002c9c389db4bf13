// SPDX-License-Identifier: GPL-3.0-or-later
// What may come next in a filter that somebody types (metrics/filter.h has the language), and what a text in the filter
// field means.
#pragma once

#include <QString>
#include <QStringList>

#include <optional>

#include "metrics/filter.h"

namespace streamgauge::viewmodels {

struct Completions {
    int from = 0;       // what is replaced: from here to the cursor
    QStringList words;  // what may stand there, the likeliest first; empty: nothing that is known
};

// At `cursor` in `text`. `event_types`: values that are known for event_type.
Completions complete_filter(const QString& text, int cursor, const QStringList& event_types);

// Of a list of fields, with commas or bars between them.
Completions complete_fields(const QString& text, int cursor);

// A text is a filter when it has an operator, or begins as one does: with a field, not or exists. Everything else is an
// event type, as it stands: "purchase", "Order Completed".
bool is_filter(const QString& text);

struct FilterFault {
    QString message;
    int at = 0;  // in characters
};
// Nothing when the filter is one.
std::optional<FilterFault> check_filter(const QString& text);

}  // namespace streamgauge::viewmodels
