// SPDX-License-Identifier: GPL-3.0-or-later
// A panel as high as what it holds, for a column of facts.
import QtQuick
import "../theme"

Panel {
    id: panel
    default property alias facts: column.data
    height: headHeight + column.implicitHeight + Theme.s3
    Column {
        id: column
        x: Theme.s3 + 2
        width: parent.width - 2 * x
        spacing: Theme.s1
    }
}
