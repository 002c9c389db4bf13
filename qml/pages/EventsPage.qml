// SPDX-License-Identifier: GPL-3.0-or-later
// What exactly comes in?
import QtQuick
import QtQuick.Templates as T
import "../components"
import "../theme"

FocusScope {
    id: page
    required property var app
    readonly property var events: app.events
    readonly property bool detailOpen: events.hasSelection
    readonly property int timeWidth: 104
    readonly property int typeWidth: 132
    readonly property int userWidth: 112
    readonly property real flexible: Math.max(120, list.width - timeWidth - typeWidth - userWidth - 2 * Theme.s3)
    readonly property real pageWidth: Math.round(flexible * 0.42)

    function focusFilter() {
        filter.forceActiveFocus()
        filter.selectAll()
    }

    Item {
        id: toolbar
        x: Theme.s4
        y: Theme.s4
        width: parent.width - 2 * x
        height: Theme.controlHeight
        Field {
            id: filter
            objectName: "typeFilter"
            width: 240
            iconName: "filter"
            placeholderText: "Event type, exactly   /"
            label: "Filter by event type"
            text: page.events.eventType
            maximumLength: 128
            onTextEdited: debounce.restart()
            Keys.onReturnPressed: apply()
            Keys.onEscapePressed: {
                if (text !== "") {
                    text = ""
                    apply()
                } else {
                    list.forceActiveFocus()
                }
            }
            function apply() {
                debounce.stop()
                page.events.eventType = text
            }
            Timer { id: debounce; interval: 400; onTriggered: filter.apply() }
            Connections {
                target: page.events
                function onEventTypeChanged() { if (filter.text !== page.events.eventType) filter.text = page.events.eventType }
            }
        }
        ListView {
            id: chips
            anchors.left: filter.right
            anchors.leftMargin: Theme.s2
            anchors.right: counts.left
            anchors.rightMargin: Theme.s3
            height: parent.height
            orientation: ListView.Horizontal
            spacing: 6
            clip: true
            interactive: contentWidth > width
            boundsBehavior: Flickable.StopAtBounds
            model: page.app.overview.eventTypes
            delegate: Rectangle {
                id: chip
                required property string name
                readonly property bool current: page.events.eventType === name
                anchors.verticalCenter: parent ? parent.verticalCenter : undefined
                width: chipText.implicitWidth + 18
                height: 24
                // None is cut in two.
                opacity: x + width <= chips.contentX + chips.width + 1 ? 1 : 0
                radius: 12
                color: current ? Theme.selected : over.hovered ? Theme.hover : "transparent"
                border.color: current ? Theme.accent : Theme.lineStrong
                Txt { id: chipText; anchors.centerIn: parent; text: chip.name; small: true; color: chip.current ? Theme.text : Theme.textMuted }
                HoverHandler { id: over }
                TapHandler { onTapped: page.events.eventType = chip.current ? "" : chip.name }
                Accessible.role: Accessible.Button
                Accessible.name: "Filter by " + name
            }
        }
        Row {
            id: counts
            anchors.right: parent.right
            height: parent.height
            spacing: Theme.s3
            Txt { objectName: "skippedText"; height: parent.height; text: page.events.skippedText; small: true; faint: true }
            Rectangle {
                visible: page.events.paused
                anchors.verticalCenter: parent.verticalCenter
                width: waitingRow.implicitWidth + 18
                height: 24
                radius: 12
                color: Theme.warningFill
                border.color: Theme.warning
                Row {
                    id: waitingRow
                    anchors.centerIn: parent
                    spacing: 5
                    Icon { name: "pause"; size: 12; stroke: 2; color: Theme.warning; anchors.verticalCenter: parent.verticalCenter }
                    Txt { objectName: "waitingText"; text: page.events.waitingText; small: true }
                }
            }
        }
    }

    Banner {
        id: banner
        objectName: "eventsBanner"
        x: Theme.s4
        anchors.top: toolbar.bottom
        anchors.topMargin: Theme.s3
        width: parent.width - 2 * x
        visible: page.events.stale
        height: visible ? implicitHeight : 0
        tone: page.app.connection.state === "failed" ? "bad" : "warning"
        title: page.app.connection.state === "degraded" ? "Degraded: new events may be missing" : "New events do not arrive"
        text: page.app.connection.errorText
        onRetry: page.app.connection.reconnect()
        onCopy: page.app.copy(page.app.connection.errorText, "error")
    }

    Panel {
        id: table
        x: Theme.s4
        anchors.top: banner.visible ? banner.bottom : toolbar.bottom
        anchors.topMargin: Theme.s3
        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.s4
        width: parent.width - 2 * x - (page.detailOpen ? detail.width + Theme.s3 : 0)
        visible: page.events.phase === "data"
        clip: true

        Row {
            id: head
            x: Theme.s3 + 1
            height: 30
            Txt { width: page.timeWidth; height: parent.height; text: "Received"; small: true; faint: true; strong: true }
            Txt { width: page.typeWidth; height: parent.height; text: "Type"; small: true; faint: true; strong: true }
            Txt { width: page.userWidth; height: parent.height; text: "User"; small: true; faint: true; strong: true }
            Txt { width: page.pageWidth; height: parent.height; text: "Page"; small: true; faint: true; strong: true }
            Txt { height: parent.height; text: "Properties"; small: true; faint: true; strong: true }
        }
        Rectangle { y: 30; x: 1; width: parent.width - 2; height: 1; color: Theme.line }
        ListView {
            id: list
            objectName: "eventList"
            anchors.fill: parent
            anchors.topMargin: 31
            anchors.margins: 1
            clip: true
            focus: true
            activeFocusOnTab: true
            model: page.events.tail
            reuseItems: true
            boundsBehavior: Flickable.StopAtBounds
            keyNavigationEnabled: false
            opacity: page.events.stale ? 0.6 : 1
            T.ScrollBar.vertical: ScrollMark {}
            Accessible.role: Accessible.List
            Accessible.name: "Events, newest first"
            function pick(row) {
                page.events.select(Math.max(0, Math.min(count - 1, row)))
                positionViewAtIndex(page.events.selectedRow, ListView.Contain)
            }
            Keys.onDownPressed: pick(page.events.selectedRow + 1)
            Keys.onUpPressed: pick(page.events.selectedRow - 1)
            Keys.onEscapePressed: page.events.clearSelection()

            delegate: Rectangle {
                id: row
                required property int index
                required property string time
                required property string type
                required property string user
                required property string page
                required property string props
                objectName: "eventRow"
                readonly property bool current: index === root.events.selectedRow
                property var root: ListView.view.pageItem
                width: ListView.view ? ListView.view.width : 0
                height: Theme.rowHeight
                color: current ? Theme.selected : rowHover.hovered ? Theme.hover : "transparent"
                Accessible.role: Accessible.ListItem
                Accessible.name: type + " at " + time + (user !== "" ? " by " + user : "")
                Row {
                    x: Theme.s3
                    height: parent.height
                    Txt { width: row.root.timeWidth; height: parent.height; text: row.time; muted: true }
                    Txt { width: row.root.typeWidth - 8; height: parent.height; text: row.type; strong: true; rightPadding: 8 }
                    Item { width: 8; height: 1 }
                    Txt { width: row.root.userWidth - 8; height: parent.height; text: row.user; muted: true }
                    Item { width: 8; height: 1 }
                    Txt { width: row.root.pageWidth - 8; height: parent.height; text: row.page }
                    Item { width: 8; height: 1 }
                    Txt {
                        width: row.root.flexible - row.root.pageWidth
                        height: parent.height
                        text: row.props
                        faint: true
                        font.family: Theme.mono
                        font.pixelSize: 11
                    }
                }
                HoverHandler { id: rowHover }
                TapHandler {
                    onTapped: {
                        list.forceActiveFocus()
                        row.root.events.select(row.index)
                    }
                }
            }
            property Item pageItem: page
        }
        FocusRing { target: list; radius: Theme.radius; anchors.margins: 0 }
    }

    Panel {
        id: detail
        objectName: "eventDetail"
        visible: page.detailOpen && page.events.phase === "data"
        width: Math.max(320, Math.round(page.width * 0.3))
        anchors.right: parent.right
        anchors.rightMargin: Theme.s4
        anchors.top: table.top
        anchors.bottom: table.bottom
        title: page.events.selectedTitle
        note: page.events.selectedRow < 0 ? "no longer in the list" : ""
        tools: [
            Btn { iconName: "copy"; tip: "Copy as JSON"; anchors.verticalCenter: parent.verticalCenter
                  onClicked: page.app.copy(page.events.selectedJson, "event") },
            Btn { iconName: "cross"; tip: "Close  Esc"; anchors.verticalCenter: parent.verticalCenter
                  onClicked: page.events.clearSelection() }
        ]
        Rectangle { x: 1; width: parent.width - 2; height: 1; color: Theme.line }
        Flickable {
            anchors.fill: parent
            anchors.margins: Theme.s3
            contentWidth: width
            contentHeight: json.implicitHeight
            clip: true
            boundsBehavior: Flickable.StopAtBounds
            T.ScrollBar.vertical: ScrollMark {}
            TextEdit {
                id: json
                objectName: "eventJson"
                width: parent.width
                text: page.events.selectedJson
                readOnly: true
                selectByMouse: true
                wrapMode: TextEdit.WrapAnywhere
                textFormat: TextEdit.PlainText
                color: Theme.text
                selectionColor: Theme.accentFill
                selectedTextColor: Theme.textOnAccent
                font.family: Theme.mono
                font.pixelSize: 12
                renderType: Text.NativeRendering
                activeFocusOnTab: true
                Accessible.name: "The event as JSON"
            }
        }
    }

    StateCard {
        objectName: "eventsLoading"
        anchors.centerIn: parent
        visible: page.events.phase === "loading"
        waiting: true
        iconName: "clock"
        title: page.app.connection.live ? "Loading events …" : page.app.connection.stateText + " …"
        text: "The newest events are on their way."
    }
    StateCard {
        objectName: "eventsError"
        anchors.centerIn: parent
        visible: page.events.phase === "error"
        tone: "bad"
        iconName: "cross"
        title: "No connection to " + page.app.connection.endpoint
        text: page.app.connection.errorText
        Row {
            spacing: Theme.s2
            Btn { text: "Try again"; primary: true; onClicked: page.app.connection.reconnect() }
            Btn { text: "Copy the error"; iconName: "copy"; onClicked: page.app.copy(page.app.connection.errorText, "error") }
        }
    }
    StateCard {
        objectName: "eventsEmpty"
        anchors.centerIn: parent
        visible: page.events.phase === "empty"
        tone: "accent"
        iconName: page.events.eventType !== "" ? "filter" : "inbox"
        title: page.events.eventType !== "" ? "No \"" + page.events.eventType + "\" so far" : "Send a first event"
        text: page.events.eventType !== ""
              ? "No stored event of this type is among the newest, and none has come since. New ones appear here by themselves."
              : "No event has come yet. Paste this line into a terminal; the event appears here at once."
        CopyLine {
            width: parent.width
            visible: page.events.eventType === "" && text !== ""
            text: page.app.connection.curl
            onCopy: page.app.copy(text, "curl line")
        }
        Btn {
            visible: page.events.eventType !== ""
            text: "Show every type"
            onClicked: page.events.eventType = ""
        }
    }
}
