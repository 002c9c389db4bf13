// SPDX-License-Identifier: GPL-3.0-or-later
// Items by name in the visual tree: what loaders, repeaters and views make is in no other.
#pragma once

#include <QQuickItem>
#include <QString>

namespace streamgauge::tests {

// The first in painting order; nullptr: none.
inline QQuickItem* find_item(QQuickItem* root, const QString& object_name) {
    if (!root || root->objectName() == object_name) return root;
    const QList<QQuickItem*> children = root->childItems();
    for (QQuickItem* child : children) {
        if (QQuickItem* found = find_item(child, object_name)) return found;
    }
    return nullptr;
}

}  // namespace streamgauge::tests
