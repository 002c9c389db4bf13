// SPDX-License-Identifier: GPL-3.0-or-later
// Where is my event? The answer to one id: what was decided, why, and which windows it changed.
import QtQuick
import QtQuick.Templates as T
import "../theme"

Panel {
    id: pane
    required property var app
    readonly property var trace: app.trace
    title: "Where is my event?"
    tools: [
        Btn { iconName: "copy"; tip: "Copy as JSON"; visible: pane.trace.json !== ""; anchors.verticalCenter: parent.verticalCenter
              onClicked: pane.app.copy(pane.trace.json, "trace") },
        Btn { iconName: "cross"; tip: "Close  Esc"; anchors.verticalCenter: parent.verticalCenter
              onClicked: pane.trace.close() }
    ]
    function focusId() {
        idField.forceActiveFocus()
        idField.selectAll()
    }

    Rectangle { x: 1; width: parent.width - 2; height: 1; color: Theme.line }
    Field {
        id: idField
        objectName: "traceId"
        x: Theme.s3
        y: Theme.s3
        width: parent.width - 2 * x
        iconName: "search"
        placeholderText: "The event's id"
        label: "The event's id"
        text: pane.trace.eventId
        maximumLength: 128
        font.family: Theme.mono
        font.pixelSize: 12
        Keys.onReturnPressed: pane.trace.ask(text)
        Keys.onEnterPressed: pane.trace.ask(text)
        Keys.onEscapePressed: pane.trace.close()
        Connections {
            target: pane.trace
            function onChanged() { if (pane.trace.eventId !== "" && idField.text !== pane.trace.eventId) idField.text = pane.trace.eventId }
        }
    }
    Flickable {
        id: scroll
        anchors.fill: parent
        anchors.topMargin: Theme.s3 * 2 + Theme.controlHeight
        anchors.bottomMargin: 1
        contentWidth: width
        contentHeight: column.implicitHeight + Theme.s4
        clip: true
        boundsBehavior: Flickable.StopAtBounds
        T.ScrollBar.vertical: ScrollMark {}
        Column {
            id: column
            x: Theme.s3
            width: parent.width - 2 * x
            spacing: Theme.s3
            Rectangle {
                width: parent.width
                height: verdict.implicitHeight + 2 * Theme.s3
                radius: Theme.radiusSmall
                color: Theme.toneFill(pane.trace.tone)
                Accessible.role: Accessible.StaticText
                Accessible.name: pane.trace.title + ". " + pane.trace.summary
                Row {
                    id: verdict
                    x: Theme.s3
                    y: Theme.s3
                    width: parent.width - 2 * x
                    spacing: Theme.s2
                    Icon {
                        name: pane.trace.tone === "none" ? (pane.trace.phase === "loading" ? "clock" : "search") : Theme.toneIcon(pane.trace.tone)
                        color: pane.trace.tone === "none" ? Theme.textMuted : Theme.tone(pane.trace.tone)
                    }
                    Column {
                        width: parent.width - 16 - Theme.s2
                        spacing: 3
                        Txt { objectName: "traceTitle"; width: parent.width; text: pane.trace.title; strong: true }
                        Txt {
                            objectName: "traceSummary"
                            width: parent.width
                            visible: text !== ""
                            text: pane.trace.summary
                            muted: true
                            wrapMode: Text.Wrap
                            elide: Text.ElideNone
                        }
                    }
                }
            }
            Btn {
                visible: pane.trace.phase === "error"
                text: "Ask again"
                onClicked: pane.trace.again()
            }
            Repeater {
                model: pane.trace.sections
                delegate: Column {
                    id: section
                    required property var modelData
                    width: column.width
                    spacing: 4
                    Txt { text: section.modelData.title; small: true; faint: true; strong: true }
                    Repeater {
                        model: section.modelData.rows
                        delegate: Row {
                            id: fact
                            required property var modelData
                            width: section.width
                            spacing: Theme.s2
                            Txt { width: 76; text: fact.modelData.label; muted: true; verticalAlignment: Text.AlignTop }
                            Txt {
                                width: parent.width - 76 - Theme.s2
                                text: fact.modelData.value
                                wrapMode: Text.Wrap
                                elide: Text.ElideNone
                                font.family: fact.modelData.mono ? Theme.mono : Theme.sans
                            }
                        }
                    }
                }
            }
            Txt {
                visible: pane.trace.windowsNote !== ""
                text: "Windows: " + pane.trace.windowsNote
                small: true
                faint: true
                strong: true
            }
            Repeater {
                model: pane.trace.windows
                delegate: Rectangle {
                    id: row
                    required property var modelData
                    objectName: "traceWindow"
                    width: column.width
                    height: lines.implicitHeight + 2 * Theme.s2
                    radius: Theme.radiusSmall
                    color: "transparent"
                    border.color: Theme.line
                    Accessible.role: Accessible.ListItem
                    Accessible.name: modelData.metric + ", " + modelData.window + ", " + modelData.state + ", " + modelData.value
                    Column {
                        id: lines
                        x: Theme.s2
                        y: Theme.s2
                        width: parent.width - 2 * x
                        spacing: 2
                        Item {
                            width: parent.width
                            height: 18
                            Txt { width: parent.width - number.width - Theme.s2; height: parent.height; text: row.modelData.metric; strong: true }
                            Txt { id: number; anchors.right: parent.right; height: parent.height; text: row.modelData.value; strong: true; width: Math.min(implicitWidth, parent.width / 2) }
                        }
                        Item {
                            width: parent.width
                            height: 16
                            Txt { width: parent.width - state.width - Theme.s2; height: parent.height; text: row.modelData.window; small: true; muted: true }
                            Txt { id: state; anchors.right: parent.right; height: parent.height; small: true; strong: true; text: row.modelData.state
                                  color: row.modelData.tone === "none" ? Theme.textFaint : Theme.tone(row.modelData.tone) }
                        }
                        Txt {
                            width: parent.width
                            visible: text !== ""
                            text: [row.modelData.effect !== "" ? row.modelData.effect : "", row.modelData.group].filter(t => t !== "").join("  ·  ")
                            small: true
                            faint: true
                        }
                        Txt { width: parent.width; visible: text !== ""; text: row.modelData.note; small: true; faint: true; wrapMode: Text.Wrap; elide: Text.ElideNone }
                    }
                }
            }
            Repeater {
                model: pane.trace.phase === "unknown" || pane.trace.phase === "expired" || pane.trace.phase === "rejected"
                       ? [{ title: "Looked at", lines: pane.trace.lookedAt }, { title: "Hints", lines: pane.trace.hints }] : []
                delegate: Column {
                    id: listed
                    required property var modelData
                    width: column.width
                    spacing: 4
                    visible: modelData.lines.length > 0
                    Txt { text: listed.modelData.title; small: true; faint: true; strong: true }
                    Repeater {
                        model: listed.modelData.lines
                        delegate: Txt {
                            required property string modelData
                            width: listed.width
                            text: modelData
                            muted: true
                            wrapMode: Text.Wrap
                            elide: Text.ElideNone
                        }
                    }
                }
            }
        }
    }
}
