// SPDX-License-Identifier: GPL-3.0-or-later
// One of a few: a row of joined buttons.
import QtQuick
import "../theme"

Rectangle {
    id: control
    property var options: []  // [{value, text, icon, tip}]
    property var value
    property string label
    signal chosen(var value)
    implicitWidth: row.implicitWidth + 4
    implicitHeight: Theme.controlHeight
    radius: Theme.radiusSmall
    color: Theme.field
    border.color: Theme.lineStrong
    activeFocusOnTab: true
    Accessible.role: Accessible.RadioButton
    Accessible.name: label
    function step(by) {
        for (let i = 0; i < options.length; ++i) {
            if (options[i].value === value) return chosen(options[(i + by + options.length) % options.length].value)
        }
    }
    Keys.onLeftPressed: step(-1)
    Keys.onRightPressed: step(1)
    FocusRing {}

    Row {
        id: row
        anchors.centerIn: parent
        Repeater {
            model: control.options
            delegate: Rectangle {
                id: option
                required property var modelData
                readonly property bool current: modelData.value === control.value
                width: Math.max(30, content.implicitWidth + 2 * Theme.s2)
                height: control.height - 4
                radius: Theme.radiusSmall - 2
                color: current ? Theme.pressed : area.containsMouse ? Theme.hover : "transparent"
                Row {
                    id: content
                    anchors.centerIn: parent
                    spacing: 5
                    Icon {
                        name: option.modelData.icon || ""
                        visible: name !== ""
                        size: 15
                        color: option.current ? Theme.text : Theme.textMuted
                        anchors.verticalCenter: parent.verticalCenter
                    }
                    Txt {
                        text: option.modelData.text || ""
                        visible: text !== ""
                        strong: option.current
                        color: option.current ? Theme.text : Theme.textMuted
                        anchors.verticalCenter: parent.verticalCenter
                    }
                }
                MouseArea {
                    id: area
                    anchors.fill: parent
                    hoverEnabled: true
                    onClicked: control.chosen(option.modelData.value)
                }
                Tip { text: option.modelData.tip || ""; shown: area.containsMouse }
            }
        }
    }
}
