// SPDX-License-Identifier: GPL-3.0-or-later
// A thin scroll bar.
import QtQuick
import QtQuick.Templates as T
import "../theme"

T.ScrollBar {
    id: bar
    implicitWidth: 10
    implicitHeight: 10
    minimumSize: 0.05
    padding: 2
    visible: size < 1
    contentItem: Rectangle {
        implicitWidth: 6
        implicitHeight: 6
        radius: 3
        color: bar.pressed || bar.hovered ? Theme.textFaint : Theme.lineStrong
    }
}
