// SPDX-License-Identifier: GPL-3.0-or-later
// A short word that something was done.
import QtQuick
import "../theme"

Rectangle {
    id: toast
    property string text
    function show(message) {
        text = message
        opacity = 1
        timer.restart()
    }
    width: label.implicitWidth + 2 * Theme.s4
    height: 34
    radius: 17
    color: Theme.raised
    border.color: Theme.lineStrong
    opacity: 0
    visible: opacity > 0
    Behavior on opacity { NumberAnimation { duration: Theme.motion } }
    Accessible.role: Accessible.AlertMessage
    Accessible.name: text
    Txt { id: label; anchors.centerIn: parent; text: toast.text }
    Timer { id: timer; interval: 1800; onTriggered: toast.opacity = 0 }
}
