// SPDX-License-Identifier: GPL-3.0-or-later
// A line of text to type in, with an icon and a mark when it is wrong.
import QtQuick
import QtQuick.Templates as T
import "../theme"

T.TextField {
    id: control
    property string iconName
    property bool wrong: false
    property string suffix
    property string label: placeholderText
    implicitHeight: Theme.controlHeight
    implicitWidth: 160
    leftPadding: iconName !== "" ? 30 : Theme.s2 + 2
    rightPadding: suffix !== "" ? suffixText.implicitWidth + 2 * Theme.s2 : Theme.s2
    verticalAlignment: TextInput.AlignVCenter
    color: Theme.text
    placeholderTextColor: Theme.textFaint
    selectionColor: Theme.accentFill
    selectedTextColor: Theme.textOnAccent
    font.family: Theme.sans
    font.pixelSize: Theme.sizeBody
    renderType: Text.NativeRendering
    selectByMouse: true
    activeFocusOnTab: true
    Accessible.name: label

    background: Rectangle {
        radius: Theme.radiusSmall
        color: Theme.field
        border.width: control.activeFocus ? 2 : 1
        border.color: control.activeFocus ? Theme.focus : control.wrong ? Theme.bad : Theme.lineStrong
        Icon {
            name: control.iconName
            x: Theme.s2
            anchors.verticalCenter: parent.verticalCenter
            color: Theme.textFaint
            size: 15
        }
        Txt {
            id: suffixText
            text: control.suffix
            faint: true
            anchors.right: parent.right
            anchors.rightMargin: Theme.s2
            anchors.verticalCenter: parent.verticalCenter
        }
        Txt {
            x: control.leftPadding
            width: parent.width - x - control.rightPadding
            anchors.verticalCenter: parent.verticalCenter
            text: control.placeholderText
            faint: true
            visible: control.length === 0 && control.preeditText === ""
        }
    }
}
