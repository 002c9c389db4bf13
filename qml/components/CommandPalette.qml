// SPDX-License-Identifier: GPL-3.0-or-later
// Every action by name: type some letters, press Enter.
import QtQuick
import "../theme"

Rectangle {
    id: palette
    required property var app
    readonly property var commands: app.commands
    property Item returnTo
    anchors.fill: parent
    color: Theme.scrim
    visible: false

    function open(from) {
        returnTo = from
        commands.filter = ""
        query.text = ""
        list.currentIndex = 0
        visible = true
        query.forceActiveFocus()
    }
    function close() {
        visible = false
        if (returnTo) returnTo.forceActiveFocus()
    }
    function runCurrent() {
        const row = list.currentIndex
        close()
        commands.runRow(row)
    }
    MouseArea { anchors.fill: parent; onClicked: palette.close(); onWheel: (wheel) => wheel.accepted = true }

    Rectangle {
        anchors.horizontalCenter: parent.horizontalCenter
        y: Math.round(parent.height * 0.14)
        width: 540
        height: 52 + Math.min(list.contentHeight, 9 * 36) + (list.count > 0 ? 2 * Theme.s1 : 40)
        radius: Theme.radius + 2
        color: Theme.raised
        border.color: Theme.lineStrong
        Accessible.role: Accessible.Dialog
        Accessible.name: "Commands"
        MouseArea { anchors.fill: parent }

        Field {
            id: query
            objectName: "paletteQuery"
            x: Theme.s2
            y: Theme.s2
            width: parent.width - 2 * x
            height: 36
            iconName: "search"
            placeholderText: "What do you want to do?"
            onTextEdited: {
                palette.commands.filter = text
                list.currentIndex = 0
            }
            Keys.onDownPressed: list.currentIndex = Math.min(list.count - 1, list.currentIndex + 1)
            Keys.onUpPressed: list.currentIndex = Math.max(0, list.currentIndex - 1)
            Keys.onReturnPressed: palette.runCurrent()
            Keys.onEnterPressed: palette.runCurrent()
            Keys.onEscapePressed: palette.close()
            Keys.onTabPressed: {}
            Keys.onBacktabPressed: {}
        }
        ListView {
            id: list
            objectName: "paletteList"
            x: Theme.s2
            y: 52
            width: parent.width - 2 * x
            height: Math.min(contentHeight, 9 * 36)
            clip: true
            model: palette.commands
            boundsBehavior: Flickable.StopAtBounds
            highlightMoveDuration: 0
            delegate: Rectangle {
                id: row
                required property int index
                required property string title
                required property string keys
                width: list.width
                height: 36
                radius: Theme.radiusSmall
                color: ListView.isCurrentItem ? Theme.selected : "transparent"
                Accessible.role: Accessible.ListItem
                Accessible.name: title
                Txt { x: Theme.s3; width: parent.width - 100; height: parent.height; text: row.title }
                KeyCap { anchors.right: parent.right; anchors.rightMargin: Theme.s2; anchors.verticalCenter: parent.verticalCenter; text: row.keys }
                MouseArea {
                    anchors.fill: parent
                    hoverEnabled: true
                    onEntered: list.currentIndex = row.index
                    onClicked: palette.runCurrent()
                }
            }
        }
        Txt {
            anchors.horizontalCenter: parent.horizontalCenter
            y: 60
            visible: list.count === 0
            text: "No command has these letters"
            faint: true
        }
    }
}
