// SPDX-License-Identifier: GPL-3.0-or-later
// The pages as icons with names, top to bottom.
import QtQuick
import QtQuick.Templates as T
import "../theme"

Rectangle {
    id: rail
    required property var app
    implicitWidth: 72
    color: Theme.chrome
    Accessible.role: Accessible.PageTabList
    Accessible.name: "Pages"

    Rectangle { anchors.right: parent.right; width: 1; height: parent.height; color: Theme.line }

    Item {
        id: logo
        width: parent.width
        height: 52
        Rectangle {
            anchors.centerIn: parent
            width: 30
            height: 30
            radius: 8
            color: Theme.accentFill
            Icon { anchors.centerIn: parent; name: "overview"; color: "#ffffff"; size: 20; stroke: 2 }
        }
    }
    Column {
        y: logo.height + Theme.s2
        width: parent.width
        spacing: Theme.s1
        Repeater {
            model: [{"name": "Overview", "icon": "overview"}, {"name": "Events", "icon": "events"}, {"name": "Metrics", "icon": "metrics"},
                    {"name": "Objectives", "icon": "objectives"}, {"name": "Load test", "icon": "load"}]
            delegate: T.Button {
                id: tab
                required property int index
                required property var modelData
                readonly property bool current: rail.app.page === index
                objectName: "nav" + modelData.name
                x: Theme.s2 - 2
                width: rail.width - 2 * x - 1
                height: 54
                focusPolicy: Qt.TabFocus
                hoverEnabled: true
                onClicked: rail.app.page = index
                Keys.onReturnPressed: click()
                Accessible.role: Accessible.PageTab
                Accessible.name: modelData.name
                background: Rectangle {
                    radius: Theme.radius
                    color: tab.current ? Theme.selected : tab.hovered ? Theme.hover : "transparent"
                    FocusRing { target: tab }
                }
                contentItem: Item {
                    Column {
                        anchors.centerIn: parent
                        spacing: 3
                        Icon {
                            anchors.horizontalCenter: parent.horizontalCenter
                            name: tab.modelData.icon
                            size: 19
                            color: tab.current ? Theme.accent : Theme.textMuted
                        }
                        Txt {
                            anchors.horizontalCenter: parent.horizontalCenter
                            text: tab.modelData.name
                            small: true
                            strong: tab.current
                            color: tab.current ? Theme.text : Theme.textMuted
                        }
                    }
                }
                Tip { text: tab.modelData.name + "  Ctrl " + (tab.index + 1); shown: tab.hovered; x: tab.width + 6; y: 16 }
            }
        }
    }
    Btn {
        anchors.horizontalCenter: parent.horizontalCenter
        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.s3
        iconName: "keyboard"
        tip: "Keys  ?"
        onClicked: rail.app.commands.run("keys")
    }
}
