// SPDX-License-Identifier: GPL-3.0-or-later
// Drawn around the control that has the keyboard.
import QtQuick
import "../theme"

Rectangle {
    property Item target: parent
    anchors.fill: parent
    anchors.margins: -2
    radius: Theme.radiusSmall + 2
    color: "transparent"
    border.color: Theme.focus
    border.width: 2
    visible: target.activeFocus
}
