// SPDX-License-Identifier: GPL-3.0-or-later
// A titled surface that holds one thing.
import QtQuick
import "../theme"

Rectangle {
    id: panel
    property string title
    property string note
    property alias tools: tools.data
    default property alias content: body.data
    readonly property int headHeight: title !== "" ? 36 : 0
    color: Theme.panel
    border.color: Theme.line
    border.width: 1
    radius: Theme.radius
    Accessible.role: Accessible.Grouping
    Accessible.name: title

    Txt {
        id: heading
        x: Theme.s3 + 2
        height: panel.headHeight
        text: panel.title
        width: Math.min(implicitWidth, Math.max(0, panel.width - 2 * x - tools.width))
        strong: true
        visible: panel.title !== ""
    }
    Txt {
        anchors.left: heading.right
        anchors.leftMargin: Theme.s2
        anchors.right: tools.left
        anchors.rightMargin: Theme.s2
        anchors.baseline: heading.baseline
        text: panel.note
        small: true
        faint: true
        visible: panel.title !== ""
    }
    Row {
        id: tools
        anchors.right: parent.right
        anchors.rightMargin: Theme.s3
        height: panel.headHeight
        spacing: Theme.s3
    }
    Item {
        id: body
        anchors.fill: parent
        anchors.topMargin: panel.headHeight
    }
}
