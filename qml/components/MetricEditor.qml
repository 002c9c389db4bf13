// SPDX-License-Identifier: GPL-3.0-or-later
// The definition of a metric as a form, and beside it what it would have shown lately. Ctrl+S saves, Esc leaves.
import QtQuick
import QtQuick.Templates as T
import "../theme"

FocusScope {
    id: editor_
    required property var app
    readonly property var editor: app.metrics.editor
    readonly property var types: app.overview.eventTypes.names
    readonly property bool sideBySide: width > 620
    signal closed()

    function leave() {
        if (editor.dirty) discard.open(editor_.Window.activeFocusItem)
        else drop()
    }
    function drop() {
        editor.close()
        closed()
    }
    function begin() {
        form.contentY = 0
        const field = editor.existing ? whereField : nameField
        field.input.forceActiveFocus()
    }
    Keys.onEscapePressed: leave()
    Keys.onPressed: (event) => {
        if (event.key === Qt.Key_S && event.modifiers === Qt.ControlModifier) {
            editor.save()
            event.accepted = true
        }
    }
    Connections {
        target: editor_.editor
        function onLoaded() { editor_.begin() }
        function onSaved() { editor_.closed() }
    }

    readonly property var filters: (text, cursor) => editor.complete(text, cursor, types)
    readonly property var names: (text, cursor) => editor.completeNames(text, cursor)
    component Entry: FormField {
        editor: editor_.editor
        width: form.width - Theme.s3
        onEscaped: editor_.leave()
        input.onActiveFocusChanged: if (input.activeFocus) form.show(this)
    }
    readonly property int half: Math.floor((form.width - 2 * Theme.s3) / 2)

    Panel {
        id: panel
        objectName: "metricEditor"
        anchors.top: parent.top
        anchors.bottom: parent.bottom
        width: editor_.sideBySide ? Math.round(Math.max(320, parent.width * 0.44)) : parent.width
        title: editor_.editor.title
        tools: [
            Btn { objectName: "metricCancel"; anchors.verticalCenter: parent.verticalCenter; text: "Cancel"; flat: true; tip: "Esc"; onClicked: editor_.leave() },
            Btn {
                objectName: "metricSave"
                anchors.verticalCenter: parent.verticalCenter
                text: editor_.editor.saving ? "Saving …" : "Save"
                primary: true
                enabled: !editor_.editor.saving
                tip: editor_.editor.canSave ? "Ctrl+S" : "Shows what is still wrong"
                onClicked: editor_.editor.save()
            }
        ]
        Rectangle { x: 1; width: parent.width - 2; height: 1; color: Theme.line }
        Flickable {
            id: form
            x: Theme.s3
            y: Theme.s2
            width: parent.width - x
            height: foot.y - y - Theme.s2
            clip: true
            contentHeight: fields.height + Theme.s2
            boundsBehavior: Flickable.StopAtBounds
            T.ScrollBar.vertical: ScrollMark {}
            // Scrolls so that what has the keyboard is seen.
            function show(item) {
                const at = item.mapToItem(fields, 0, 0).y
                if (at < contentY) contentY = Math.max(0, at - Theme.s2)
                else if (at + item.height > contentY + height) contentY = Math.min(contentHeight - height, at + item.height - height + Theme.s2)
            }
            Column {
                id: fields
                y: Theme.s1
                width: parent.width
                spacing: Theme.s3
                Row {
                    spacing: Theme.s3
                    Entry {
                        id: nameField
                        width: editor_.half
                        key: "name"
                        label: "Name"
                        placeholder: "revenue"
                        tip: "Letters, digits and _ . -; it stays when the metric is changed"
                        input.enabled: !editor_.editor.existing
                        input.opacity: input.enabled ? 1 : 0.6
                    }
                    Entry { width: editor_.half; key: "unit"; label: "Unit"; placeholder: "none"; tip: "Stands behind its numbers" }
                }
                Entry { key: "description"; label: "Description"; placeholder: "What it tells" }
                Entry {
                    id: whereField
                    key: "where"
                    label: "Where"
                    mono: true
                    placeholder: "every event"
                    tip: "The filter language of the Events page"
                    complete: editor_.filters
                }
                Row {
                    spacing: Theme.s3
                    Column {
                        width: editor_.half
                        spacing: 5
                        Txt { text: "Aggregate"; small: true; muted: true; strong: true }
                        Choice {
                            objectName: "metricKind"
                            width: parent.width
                            label: "Aggregate"
                            options: editor_.editor.kinds
                            value: editor_.editor.kind
                            onChosen: (value) => editor_.editor.set("kind", value)
                        }
                        Txt {
                            objectName: "metricFault_kind"
                            visible: text !== ""
                            width: parent.width
                            text: editor_.editor.faults["kind"] || ""
                            small: true
                            color: Theme.bad
                            wrapMode: Text.Wrap
                            elide: Text.ElideNone
                        }
                    }
                    Entry {
                        visible: editor_.editor.kind === "p"
                        width: editor_.half
                        key: "percentile"
                        label: "Percentile"
                        placeholder: "95"
                        input.inputMethodHints: Qt.ImhFormattedNumbersOnly
                    }
                }
                Entry {
                    visible: editor_.editor.takesField
                    key: "field"
                    label: "Field"
                    mono: true
                    placeholder: "props.amount"
                    tip: "a|b: the first of them that an event has"
                    complete: editor_.names
                }
                Entry {
                    visible: editor_.editor.kind === "gauge"
                    key: "plus"
                    label: "Joins: one more for each event of this filter"
                    mono: true
                    placeholder: "event_type = viewer_join"
                    complete: editor_.filters
                }
                Entry {
                    visible: editor_.editor.kind === "gauge"
                    key: "minus"
                    label: "Leaves: one less for each event of this filter"
                    mono: true
                    placeholder: "event_type = viewer_leave"
                    complete: editor_.filters
                }
                Entry {
                    key: "groupBy"
                    label: "Group by"
                    mono: true
                    placeholder: "nothing"
                    tip: "Fields, with commas between them"
                    complete: editor_.names
                }
                Row {
                    spacing: Theme.s3
                    Entry { width: editor_.half; key: "window"; label: "Window"; placeholder: "1m"; tip: "10s to 366d, or all: one for ever" }
                    Entry { width: editor_.half; key: "retention"; label: "Kept for"; placeholder: "as usual"; tip: "14d, 90d, or forever" }
                }
                Entry {
                    key: "wider"
                    label: "Wider windows"
                    placeholder: "as usual: " + editor_.editor.usual
                    tip: "Each with how long it is kept, with commas: 1h 90d, 1d forever. none: there are no others"
                }
                Row {
                    spacing: Theme.s3
                    Entry { width: editor_.half; key: "timezone"; label: "Time zone"; placeholder: "UTC"; tip: "Of windows of days: Asia/Kolkata" }
                    Column {
                        width: editor_.half
                        spacing: 5
                        Txt { text: "Time of an event"; small: true; muted: true; strong: true }
                        Segmented {
                            id: basis
                            objectName: "metricTime"
                            label: "Time of an event"
                            options: [{"value": "occurred", "text": "occurred", "tip": "When it says that it happened"},
                                      {"value": "activity", "text": "activity", "tip": "The same, but never after it was received"}]
                            value: picked
                            property string picked: "occurred"
                            onChosen: (value) => {
                                editor_.editor.set("time", value)
                                picked = value
                            }
                            Connections {
                                target: editor_.editor
                                function onLoaded() { basis.picked = editor_.editor.value("time") }
                            }
                        }
                    }
                }
                Row {
                    spacing: Theme.s3
                    Entry { width: editor_.half; key: "lateness"; label: "Allowed lateness"; placeholder: "1m"; tip: "What comes later corrects a window, and is counted as late" }
                    Entry {
                        visible: editor_.editor.keepsValues
                        width: editor_.half
                        key: "budget"
                        label: "Values kept exactly"
                        placeholder: "2 000 000"
                        tip: "In all open windows together; beyond it there are estimates"
                    }
                }
            }
        }
        Column {
            id: foot
            x: Theme.s3
            width: parent.width - 2 * x
            anchors.bottom: parent.bottom
            anchors.bottomMargin: Theme.s2
            spacing: 4
            Txt {
                objectName: "metricFault"
                visible: text !== ""
                width: parent.width
                text: editor_.editor.fault
                color: Theme.bad
                wrapMode: Text.Wrap
                elide: Text.ElideNone
                Accessible.role: Accessible.AlertMessage
                Accessible.name: text
            }
            Txt {
                objectName: "metricConsequence"
                width: parent.width
                text: editor_.editor.consequence
                small: true
                faint: true
                wrapMode: Text.Wrap
                elide: Text.ElideNone
            }
        }
    }
    Panel {
        id: preview
        objectName: "metricPreview"
        visible: editor_.sideBySide
        anchors.left: panel.right
        anchors.leftMargin: Theme.s3
        anchors.right: parent.right
        anchors.top: parent.top
        anchors.bottom: parent.bottom
        title: "Preview"
        note: editor_.editor.previewNote
        Flow {
            id: labels
            x: Theme.s3
            width: parent.width - 2 * x
            spacing: 6
            Repeater {
                model: editor_.editor.preview.labels
                delegate: Txt { required property string modelData; text: modelData; small: true; faint: true }
            }
        }
        PointsView {
            anchors.fill: parent
            anchors.margins: Theme.s3
            anchors.topMargin: labels.height + Theme.s2
            app: editor_.app
            view: editor_.editor.preview
            prefix: "preview"
            title: "Would have shown"
            waitingTitle: editor_.editor.previewNote === "" ? "Nothing to preview yet" : "Reading events …"
            waiting: editor_.editor.previewNote !== ""
            emptyText: "No stored event of this time would be in it."
        }
    }
    Question {
        id: discard
        objectName: "discardQuestion"
        first: backButton
        iconName: "edit"
        title: "Discard what was typed?"
        text: "The definition is not saved."
        Btn { id: backButton; text: "Go on editing"; primary: true; onClicked: discard.cancel() }
        Btn {
            objectName: "discardButton"
            text: "Discard"
            danger: true
            onClicked: {
                discard.visible = false
                editor_.drop()
            }
        }
    }
}
