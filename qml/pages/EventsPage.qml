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
    readonly property bool traceOpen: app.trace.open
    readonly property bool detailOpen: events.hasSelection || traceOpen
    readonly property int timeWidth: 104
    readonly property int typeWidth: 132
    readonly property int userWidth: 112
    readonly property real flexible: Math.max(120, list.width - timeWidth - typeWidth - userWidth - 2 * Theme.s3)
    readonly property real pageWidth: Math.round(flexible * 0.42)

    function focusTrace() { tracePane.focusId() }
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
        FilterField {
            id: filter
            objectName: "typeFilter"
            width: Math.min(activeFocus || page.events.filterText.length > 28 ? 460 : 240, toolbar.width - 300)
            iconName: "filter"
            placeholderText: "Event type, filter or id   /"
            label: "Filter by event type or in the filter language; Enter finds an id"
            text: page.events.filterText
            maximumLength: 8192
            wrong: page.events.filterError !== ""
            complete: (text, cursor) => page.events.complete(text, cursor, page.app.overview.eventTypes.names)
            onTyped: debounce.restart()
            onEntered: apply()
            onEscaped: {
                if (text !== "") {
                    text = ""
                    apply()
                } else {
                    list.forceActiveFocus()
                }
            }
            function apply() {
                debounce.stop()
                dismissed = true
                if (page.app.trace.offered && page.app.isEventId(text)) {
                    page.app.trace.ask(text)
                    text = page.events.filterText
                } else {
                    page.events.filterText = text
                }
            }
            Timer {
                id: debounce
                interval: 400
                onTriggered: if (!(page.app.trace.offered && page.app.isEventId(filter.text))) page.events.filterText = filter.text
            }
            Connections {
                target: page.events
                function onEventTypeChanged() { if (filter.text.trim() !== page.events.filterText) filter.text = page.events.filterText }
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
        width: parent.width - 2 * x - (page.detailOpen ? (page.traceOpen ? tracePane.width : detail.width) + Theme.s3 : 0)
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

    Rectangle {
        id: hint
        objectName: "filterHint"
        readonly property bool pastedId: page.app.trace.offered && filter.activeFocus && page.app.isEventId(filter.text)
        readonly property bool faulty: page.events.filterError !== "" && filter.words.length === 0
        visible: pastedId || faulty || filter.words.length > 0
        z: 5
        x: toolbar.x
        y: toolbar.y + toolbar.height + 4
        width: Math.max(filter.width, 300)
        height: hintColumn.implicitHeight + 2 * Theme.s1
        radius: Theme.radiusSmall
        color: Theme.raised
        border.color: faulty && !pastedId ? Theme.bad : Theme.lineStrong
        Column {
            id: hintColumn
            x: Theme.s1
            y: Theme.s1
            width: parent.width - 2 * x
            Txt {
                visible: hint.pastedId
                width: parent.width
                height: 26
                leftPadding: Theme.s2
                text: "Enter: where is the event with this id?"
            }
            Txt {
                objectName: "filterError"
                visible: hint.faulty && !hint.pastedId
                width: parent.width
                topPadding: 4
                bottomPadding: 4
                leftPadding: Theme.s2
                text: page.events.filterError + (page.events.filterErrorAt > 0 ? ", after \"" + page.events.filterText.slice(Math.max(0, page.events.filterErrorAt - 16), page.events.filterErrorAt) + "\"" : "")
                color: Theme.bad
                wrapMode: Text.Wrap
                elide: Text.ElideNone
            }
            WordList {
                width: parent.width
                field: filter
                words: hint.pastedId ? [] : filter.words
            }
        }
    }

    TracePane {
        id: tracePane
        objectName: "tracePane"
        app: page.app
        visible: page.traceOpen
        width: Math.max(360, Math.round(page.width * 0.34))
        anchors.right: parent.right
        anchors.rightMargin: Theme.s4
        anchors.top: banner.visible ? banner.bottom : toolbar.bottom
        anchors.topMargin: Theme.s3
        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.s4
        onVisibleChanged: if (!visible && page.visible) list.forceActiveFocus()
    }

    Panel {
        id: detail
        objectName: "eventDetail"
        visible: page.events.hasSelection && !page.traceOpen && page.events.phase === "data"
        width: Math.max(320, Math.round(page.width * 0.3))
        anchors.right: parent.right
        anchors.rightMargin: Theme.s4
        anchors.top: table.top
        anchors.bottom: table.bottom
        title: page.events.selectedTitle
        note: page.events.selectedRow < 0 ? "no longer in the list" : ""
        tools: [
            Btn { iconName: "search"; tip: "Where is this event?"; visible: page.app.trace.offered; anchors.verticalCenter: parent.verticalCenter
                  onClicked: page.app.commands.run("trace-selected") },
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
        visible: page.events.phase === "empty" && !page.traceOpen
        tone: "accent"
        iconName: page.events.filtered ? "filter" : "inbox"
        title: page.events.eventType !== "" ? "No \"" + page.events.eventType + "\" so far" : page.events.filtered ? "Nothing matches so far" : "Send a first event"
        text: page.events.filtered
              ? "No stored event of this kind is among the newest, and none has come since. New ones appear here by themselves."
              : "No event has come yet. Paste this line into a terminal; the event appears here at once."
        CopyLine {
            width: parent.width
            visible: !page.events.filtered && text !== ""
            text: page.app.connection.curl
            onCopy: page.app.copy(text, "curl line")
        }
        Btn {
            visible: page.events.filtered
            text: "Show every event"
            onClicked: page.events.eventType = ""
        }
    }
}
