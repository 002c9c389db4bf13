// SPDX-License-Identifier: GPL-3.0-or-later
// A box to tick, with its words beside it.
import QtQuick
import QtQuick.Templates as T
import "../theme"

T.CheckBox {
    id: box
    implicitHeight: 26
    implicitWidth: words.implicitWidth
    focusPolicy: Qt.StrongFocus
    hoverEnabled: true
    opacity: enabled ? 1 : 0.45
    Accessible.name: text
    indicator: Rectangle {
        y: 5
        width: 16
        height: 16
        radius: 3
        color: box.checked ? Theme.accentFill : Theme.field
        border.width: box.activeFocus ? 2 : 1
        border.color: box.activeFocus ? Theme.focus : Theme.lineStrong
        Icon { anchors.centerIn: parent; visible: box.checked; name: "check"; size: 12; stroke: 2.4; color: Theme.textOnAccent }
    }
    contentItem: Txt { id: words; leftPadding: 24; text: box.text; verticalAlignment: Text.AlignVCenter }
}
