// SPDX-License-Identifier: GPL-3.0-or-later
// The frame: rail, header, page, status bar; keys and overlays.
import QtQuick
import "components"
import "pages"
import "theme"

Rectangle {
    id: root
    required property var app
    width: 1440
    height: 900
    color: Theme.window

    Binding { target: Theme; property: "dark"; value: root.app.dark }

    FocusScope {
        id: main
        anchors.fill: parent
        focus: true
        // Keys that no control took.
        Keys.onPressed: (event) => {
            if (event.modifiers & (Qt.ControlModifier | Qt.AltModifier | Qt.MetaModifier)) return
            if (event.key === Qt.Key_Space) root.app.paused = !root.app.paused
            else if (event.text === "/") root.app.commands.run(root.app.page === 3 ? "objective-filter" : root.app.page === 4 ? "load-find" : "filter")
            else if (event.text === "?") root.app.commands.run("keys")
            else return
            event.accepted = true
        }

        NavRail {
            id: rail
            app: root.app
            height: parent.height
        }
        HeaderBar {
            id: header
            app: root.app
            anchors.left: rail.right
            anchors.right: parent.right
            title: ["Overview", "Events", "Metrics", "Objectives", "Load test"][root.app.page]
            hasRange: root.app.page === 0
            onPaletteRequested: palette.open(main)
        }
        Item {
            anchors.left: rail.right
            anchors.right: parent.right
            anchors.top: header.bottom
            anchors.bottom: status.top
            // A page is made when it is first looked at, and stays.
            Repeater {
                model: [overviewPage, eventsPage, metricsPage, objectivesPage, loadPage]
                delegate: Loader {
                    required property int index
                    required property var modelData
                    readonly property bool current: root.app.page === index
                    anchors.fill: parent
                    sourceComponent: modelData
                    active: current || item
                    visible: current
                    focus: current
                }
            }
            Component { id: overviewPage; OverviewPage { objectName: "overviewPage"; app: root.app } }
            Component {
                id: eventsPage
                EventsPage {
                    id: events
                    objectName: "eventsPage"
                    app: root.app
                    Connections {
                        target: root.app
                        function onFilterRequested() { events.focusFilter() }
                        function onTraceRequested() { events.focusTrace() }
                    }
                }
            }
            Component { id: metricsPage; MetricsPage { objectName: "metricsPage"; app: root.app } }
            Component {
                id: objectivesPage
                ObjectivesPage {
                    id: objectives
                    objectName: "objectivesPage"
                    app: root.app
                    Connections {
                        target: root.app
                        function onObjectiveFilterRequested() { objectives.focusFilter() }
                    }
                }
            }
            Component {
                id: loadPage
                LoadPage {
                    id: loadTest
                    objectName: "loadPage"
                    app: root.app
                    Connections {
                        target: root.app
                        function onLoadSearchRequested() { loadTest.focusSearch() }
                    }
                }
            }
        }
        StatusBar {
            id: status
            app: root.app
            anchors.left: rail.right
            anchors.right: parent.right
            anchors.bottom: parent.bottom
        }
    }

    CommandPalette { id: palette; objectName: "palette"; app: root.app }
    KeysOverlay { id: keys; objectName: "keysOverlay" }
    LoginDialog { id: loginDialog; objectName: "loginDialog"; app: root.app }
    CloseQuestion { id: closeQuestion; objectName: "closeQuestion"; app: root.app }
    Toast {
        id: toast
        objectName: "toast"
        anchors.horizontalCenter: parent.horizontalCenter
        anchors.bottom: parent.bottom
        anchors.bottomMargin: 44
    }

    Shortcut { sequence: "Ctrl+K"; onActivated: palette.visible ? palette.close() : palette.open(main) }
    Shortcut { sequence: "Ctrl+Q"; onActivated: root.app.commands.run("quit") }
    Shortcut { sequence: "Ctrl+1"; onActivated: root.app.page = 0 }
    Shortcut { sequence: "Ctrl+2"; onActivated: root.app.page = 1 }
    Shortcut { sequence: "Ctrl+3"; onActivated: root.app.page = 2 }
    Shortcut { sequence: "Ctrl+4"; onActivated: root.app.page = 3 }
    Shortcut { sequence: "Ctrl+5"; onActivated: root.app.page = 4 }

    Connections {
        target: root.app.connection
        function onLoginWanted() { loginDialog.open(main) }
    }
    Connections {
        target: root.app
        function onCopyRequested(text, what) { toast.show("Copied the " + what) }
        function onKeysRequested() { keys.open(main) }
        function onCloseQuestionRequested() { closeQuestion.open(main) }
    }
}
