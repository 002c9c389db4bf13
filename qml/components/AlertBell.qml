// SPDX-License-Identifier: GPL-3.0-or-later
// How many alerts fire, and which: each leads to its objective.
import QtQuick
import QtQuick.Templates as T
import "../theme"

Btn {
    id: bell
    required property var app
    readonly property var firing: app.firing
    readonly property string tone: firing.count === 0 ? "none" : firing.pages > 0 ? "bad" : "warning"
    iconName: "bell"
    tip: list.visible ? "" : firing.count === 0 ? "No alert fires" : firing.count === 1 ? "1 alert fires" : firing.count + " alerts fire"
    Accessible.name: firing.count === 0 ? "Alerts: none fires" : "Alerts: " + firing.count + " fire"
    onClicked: list.visible ? list.close() : list.open()
    Keys.onDownPressed: list.open()

    Rectangle {
        objectName: "bellCount"
        visible: bell.firing.count > 0
        x: parent.width - width + 3
        y: -3
        width: Math.max(16, count.implicitWidth + 8)
        height: 16
        radius: 8
        color: Theme.toneFill(bell.tone)
        border.color: Theme.tone(bell.tone)
        Txt { id: count; anchors.centerIn: parent; text: bell.firing.count; small: true; strong: true; color: Theme.tone(bell.tone) }
    }
    T.Popup {
        id: list
        objectName: "bellList"
        x: bell.width - width
        y: bell.height + 8
        width: 380
        height: Math.min(rows.contentHeight, 8 * 52) + 2 * Theme.s1 + head.height
        padding: Theme.s1
        focus: true
        closePolicy: T.Popup.CloseOnEscape | T.Popup.CloseOnPressOutside
        onOpened: rows.forceActiveFocus()
        onClosed: bell.forceActiveFocus()
        background: Rectangle { radius: Theme.radius; color: Theme.raised; border.color: Theme.lineStrong }
        contentItem: Item {
            Txt {
                id: head
                x: Theme.s2
                height: 30
                width: parent.width - 2 * x
                text: bell.firing.count === 0 ? "No alert fires" : "Alerts that fire"
                strong: true
            }
            ListView {
                id: rows
                anchors.fill: parent
                anchors.topMargin: head.height
                clip: true
                model: list.visible ? bell.firing : null
                boundsBehavior: Flickable.StopAtBounds
                Accessible.role: Accessible.List
                Accessible.name: "Alerts that fire"
                Keys.onReturnPressed: if (currentItem) currentItem.go()
                T.ScrollBar.vertical: ScrollMark {}
                delegate: Rectangle {
                    id: row
                    required property int index
                    required property string name
                    required property string title
                    required property string text
                    required property string tone
                    required property string since
                    objectName: "bellRow"
                    width: ListView.view ? ListView.view.width : 0
                    height: 52
                    radius: Theme.radiusSmall
                    color: ListView.isCurrentItem && rows.activeFocus ? Theme.selected : over.hovered ? Theme.hover : "transparent"
                    function go() {
                        // Closing takes the rows away, this one too.
                        const app = bell.app
                        const chosen = name
                        list.close()
                        app.showObjective(chosen)
                    }
                    Accessible.role: Accessible.ListItem
                    Accessible.name: title + ", " + text + ", since " + since
                    Icon { x: Theme.s2; y: 9; name: Theme.toneIcon(row.tone); color: Theme.tone(row.tone); size: 15; stroke: 2 }
                    Txt { x: 32; y: 6; width: parent.width - x - sinceText.implicitWidth - 2 * Theme.s2; text: row.title; strong: true }
                    Txt { id: sinceText; anchors.right: parent.right; anchors.rightMargin: Theme.s2; y: 8; text: row.since; small: true; faint: true }
                    Txt { x: 32; y: 27; width: parent.width - x - Theme.s2; text: row.text; small: true; muted: true }
                    HoverHandler { id: over }
                    TapHandler { onTapped: row.go() }
                }
            }
        }
    }
}
