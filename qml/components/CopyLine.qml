// SPDX-License-Identifier: GPL-3.0-or-later
// A line of code and a button that copies it.
import QtQuick
import "../theme"

Rectangle {
    id: line
    property string text
    signal copy()
    implicitHeight: code.implicitHeight + 2 * Theme.s3
    radius: Theme.radiusSmall
    color: Theme.field
    border.color: Theme.line
    TextEdit {
        id: code
        x: Theme.s3
        anchors.verticalCenter: parent.verticalCenter
        width: parent.width - x - 48
        text: line.text
        readOnly: true
        selectByMouse: true
        wrapMode: TextEdit.Wrap
        textFormat: TextEdit.PlainText
        color: Theme.text
        selectionColor: Theme.accentFill
        selectedTextColor: Theme.textOnAccent
        font.family: Theme.mono
        font.pixelSize: 12
        renderType: Text.NativeRendering
        Accessible.name: text
    }
    Btn {
        anchors.right: parent.right
        anchors.rightMargin: Theme.s2
        anchors.verticalCenter: parent.verticalCenter
        iconName: "copy"
        tip: "Copy this line"
        onClicked: line.copy()
    }
}
