// SPDX-License-Identifier: GPL-3.0-or-later
// A tooltip that comes after a moment.
import QtQuick
import QtQuick.Templates as T
import "../theme"

T.ToolTip {
    id: tip
    property bool shown: false
    visible: shown && text !== ""
    delay: 600
    x: parent ? Math.round((parent.width - implicitWidth) / 2) : 0
    y: parent ? parent.height + 6 : 0
    margins: 8
    implicitWidth: Math.min(label.implicitWidth, 420) + 2 * Theme.s2
    implicitHeight: label.implicitHeight + Theme.s2 + 2
    leftPadding: Theme.s2
    rightPadding: Theme.s2
    closePolicy: T.Popup.CloseOnEscape | T.Popup.CloseOnPressOutsideParent | T.Popup.CloseOnReleaseOutsideParent
    contentItem: Txt {
        id: label
        text: tip.text
        small: true
        elide: Text.ElideNone
        wrapMode: Text.Wrap
    }
    background: Rectangle {
        color: Theme.raised
        border.color: Theme.lineStrong
        radius: Theme.radiusSmall
    }
}
