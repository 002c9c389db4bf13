// SPDX-License-Identifier: GPL-3.0-or-later
// Names with bars, most first; rows glide when their order changes.
import QtQuick
import "../theme"

ListView {
    id: list
    property color barColor: Theme.spark
    property string emptyText: "Nothing yet"
    property bool clickable: false
    signal picked(string name)
    clip: true
    interactive: contentHeight > height
    boundsBehavior: Flickable.StopAtBounds
    spacing: 2
    move: Transition { NumberAnimation { properties: "y"; duration: Theme.motion; easing.type: Easing.OutCubic } }
    moveDisplaced: Transition { NumberAnimation { properties: "y"; duration: Theme.motion; easing.type: Easing.OutCubic } }
    displaced: Transition { NumberAnimation { properties: "y"; duration: Theme.motion; easing.type: Easing.OutCubic } }
    Accessible.role: Accessible.List

    delegate: Item {
        id: row
        required property string name
        required property string countText
        required property real share
        width: list.width
        height: 24
        Accessible.role: Accessible.ListItem
        Accessible.name: name + ", " + countText
        Rectangle {
            width: Math.max(3, Math.round((parent.width - 84) * row.share))
            height: parent.height
            radius: 3
            color: list.barColor
            opacity: Theme.dark ? 0.22 : 0.16
            Behavior on width { NumberAnimation { duration: Theme.motion; easing.type: Easing.OutCubic } }
        }
        Rectangle {
            width: 3
            height: parent.height
            radius: 1.5
            color: list.barColor
        }
        Txt {
            x: Theme.s2 + 2
            width: parent.width - x - 92
            height: parent.height
            text: row.name
            elide: Text.ElideMiddle
        }
        Txt {
            anchors.right: parent.right
            width: 80
            height: parent.height
            horizontalAlignment: Text.AlignRight
            text: row.countText
            muted: true
        }
        MouseArea {
            anchors.fill: parent
            enabled: list.clickable
            cursorShape: enabled ? Qt.PointingHandCursor : Qt.ArrowCursor
            onClicked: list.picked(row.name)
        }
    }
    Txt {
        anchors.centerIn: parent
        visible: list.count === 0
        text: list.emptyText
        faint: true
    }
}
