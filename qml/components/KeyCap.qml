// SPDX-License-Identifier: GPL-3.0-or-later
// A key, as printed.
import QtQuick
import "../theme"

Row {
    id: caps
    property string text
    spacing: 3
    visible: text !== ""
    Repeater {
        model: caps.text.split(" ")
        delegate: Rectangle {
            id: cap
            required property string modelData
            width: Math.max(20, label.implicitWidth + 10)
            height: 20
            radius: 4
            color: Theme.field
            border.color: Theme.lineStrong
            Txt { id: label; anchors.centerIn: parent; text: cap.modelData; small: true; muted: true }
        }
    }
}
