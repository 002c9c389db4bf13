// SPDX-License-Identifier: GPL-3.0-or-later
// A button: quiet by default, filled when it is the page's main action, red when it ends something.
import QtQuick
import QtQuick.Templates as T
import "../theme"

T.Button {
    id: control
    property string iconName
    property bool primary: false
    property bool danger: false
    property string tip
    readonly property bool iconOnly: text === ""
    implicitHeight: Theme.controlHeight
    implicitWidth: iconOnly ? Theme.controlHeight : row.implicitWidth + 2 * Theme.s3
    focusPolicy: Qt.TabFocus
    hoverEnabled: true
    opacity: enabled ? 1 : 0.45
    Accessible.name: text !== "" ? text : tip
    Accessible.description: tip
    Keys.onReturnPressed: press()
    Keys.onEnterPressed: press()
    function press() {
        if (checkable) toggle()
        clicked()
    }

    readonly property color ink: primary ? Theme.textOnAccent : danger ? Theme.bad
                                 : hovered || checked ? Theme.text : Theme.textMuted
    background: Rectangle {
        radius: Theme.radiusSmall
        color: control.primary ? (control.hovered ? Theme.accentFillHover : Theme.accentFill)
               : control.down ? Theme.pressed : control.hovered || control.checked ? Theme.hover
               : control.iconOnly || control.flat ? "transparent" : Theme.raised
        border.width: control.primary || control.iconOnly || control.flat ? 0 : 1
        border.color: control.danger ? Theme.bad : Theme.lineStrong
        FocusRing { target: control }
    }
    contentItem: Item {
        Row {
            id: row
            anchors.centerIn: parent
            spacing: Theme.s2 - 2
            Icon {
                name: control.iconName
                visible: name !== ""
                color: control.ink
                anchors.verticalCenter: parent.verticalCenter
            }
            Txt {
                text: control.text
                visible: text !== ""
                strong: true
                color: control.ink
                anchors.verticalCenter: parent.verticalCenter
            }
        }
    }
    Tip { text: control.tip; shown: control.hovered || control.activeFocus }
}
