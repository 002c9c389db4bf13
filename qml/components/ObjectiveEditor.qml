// SPDX-License-Identifier: GPL-3.0-or-later
// An objective as a form, and beside it what it would have done in the past. Ctrl+S saves, Esc leaves.
import QtQuick
import QtQuick.Templates as T
import "../theme"

FocusScope {
    id: page
    required property var app
    readonly property var editor: app.objectives.editor
    readonly property var texts: editor.texts
    readonly property bool sideBySide: width > 620
    signal closed()

    function leave() {
        if (editor.dirty) discard.open(page.Window.activeFocusItem)
        else drop()
    }
    function drop() {
        editor.close()
        closed()
    }
    Keys.onEscapePressed: leave()
    Keys.onPressed: (event) => {
        if (event.key === Qt.Key_S && event.modifiers === Qt.ControlModifier) {
            editor.save()
            event.accepted = true
        }
    }
    readonly property bool isOpen: editor.open
    onIsOpenChanged: {
        if (!isOpen) return
        form.contentY = 0
        const field = editor.existing ? targetField : nameField
        field.input.forceActiveFocus()
    }
    Connections {
        target: page.editor
        function onSaved() { page.closed() }
    }
    readonly property var routes: (text, cursor) => editor.completeRoute(text, cursor)
    readonly property var metrics: (text, cursor) => editor.completeMetric(text, cursor)
    readonly property bool ofRequests: texts["kind"] === "availability" || texts["kind"] === "latency" || texts["kind"] === "errors"
    readonly property bool timed: texts["kind"] === "latency" || texts["kind"] === "freshness"
    readonly property bool ofMetric: texts["kind"] === "metric"
    readonly property int half: Math.floor((form.width - 2 * Theme.s3) / 2)

    component Entry: FormField {
        editor: page.editor
        prefix: "objective"
        width: form.width - Theme.s3
        onEscaped: page.leave()
        input.onActiveFocusChanged: if (input.activeFocus) form.show(this)
    }
    // A choice with its label, and what is wrong with it or a trap.
    component Pick: Column {
        id: pick
        property string key
        property string label
        default property alias control: slot.data
        width: form.width - Theme.s3
        spacing: 5
        Txt { text: pick.label; small: true; muted: true; strong: true }
        Item { id: slot; width: parent.width; height: Theme.controlHeight }
        Txt {
            visible: text !== ""
            width: parent.width
            text: page.editor.faults[pick.key] || ""
            small: true
            color: Theme.bad
            wrapMode: Text.Wrap
            elide: Text.ElideNone
        }
        Warning { objectName: "objectiveWarning_" + pick.key; width: parent.width; text: page.editor.warnings[pick.key] || "" }
    }
    component YesNo: Segmented {
        property string key
        options: [{"value": "no", "text": "No"}, {"value": "yes", "text": "Yes"}]
        value: page.texts[key]
        onChosen: (value) => page.editor.set(key, value)
    }

    Panel {
        id: panel
        objectName: "objectiveEditor"
        anchors.top: parent.top
        anchors.bottom: parent.bottom
        width: page.sideBySide ? Math.round(Math.max(360, parent.width * 0.5)) : parent.width
        title: page.editor.title
        tools: [
            Btn { objectName: "objectiveCancel"; anchors.verticalCenter: parent.verticalCenter; text: "Cancel"; flat: true; tip: "Esc"; onClicked: page.leave() },
            Btn {
                objectName: "objectiveSave"
                anchors.verticalCenter: parent.verticalCenter
                text: page.editor.saving ? "Saving …" : "Save"
                primary: true
                enabled: !page.editor.saving
                tip: page.editor.canSave ? "Ctrl+S" : page.editor.existing && !page.editor.dirty ? "Nothing is changed yet" : "Shows what is still wrong"
                onClicked: page.editor.save()
            }
        ]
        Rectangle { x: 1; width: parent.width - 2; height: 1; color: Theme.line }
        Item {
            id: frame
            x: Theme.s3
            y: Theme.s2
            width: parent.width - x - 2
            height: foot.y - y - Theme.s2
            layer.enabled: true  // the software renderer paints icons that are wholly clipped away
            Rectangle { anchors.fill: parent; color: Theme.panel }
            Flickable {
                id: form
                anchors.fill: parent
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
                            width: page.half
                            key: "name"
                            label: "Name"
                            placeholder: "checkout-latency"
                            tip: "Lower-case letters, digits and -; it stays when the objective is changed"
                            input.enabled: !page.editor.existing
                            input.opacity: input.enabled ? 1 : 0.6
                        }
                        Entry { width: page.half; key: "service"; label: "Service"; placeholder: "none"; tip: "Whose promise it is; the filter finds it" }
                    }
                    Entry { key: "title"; label: "Title"; placeholder: "95 % of checkouts within 300 ms" }
                    Entry { key: "description"; label: "Description"; placeholder: "Why it matters, and what to do when it burns" }
                    Pick {
                        key: "kind"
                        label: "What is counted"
                        Choice {
                            objectName: "objectiveKind"
                            width: parent.width
                            label: "What is counted"
                            options: page.editor.kinds
                            value: page.texts["kind"] || ""
                            onChosen: (value) => page.editor.set("kind", value)
                        }
                    }
                    Row {
                        spacing: Theme.s3
                        visible: page.ofRequests || page.timed
                        Entry {
                            visible: page.ofRequests
                            width: page.timed ? page.half : form.width - Theme.s3
                            key: "route"
                            label: "Route"
                            mono: true
                            placeholder: "all requests"
                            tip: "A template of any method, or method and template: POST /events"
                            complete: page.routes
                        }
                        Entry {
                            visible: page.timed
                            width: page.ofRequests ? page.half : form.width - Theme.s3
                            key: "threshold"
                            label: page.texts["kind"] === "freshness" ? "Good while younger than (ms)" : "Good within (ms)"
                            placeholder: "300"
                            input.inputMethodHints: Qt.ImhFormattedNumbersOnly
                        }
                    }
                    Pick {
                        visible: page.ofRequests && !page.timed
                        key: "limited"
                        label: "429, too many requests, is bad as well"
                        YesNo { objectName: "objectiveLimited"; key: "limited"; label: "429 is bad as well" }
                    }
                    Pick {
                        visible: page.ofMetric
                        key: "compare"
                        label: "A metric is good"
                        Choice {
                            objectName: "objectiveCompare"
                            width: parent.width
                            label: "A metric is good"
                            options: [{"value": "counts", "text": "as often as another counts"}, {"value": "below", "text": "while it is below a bound"},
                                      {"value": "above", "text": "while it is above a bound"}]
                            value: page.texts["compare"] || ""
                            onChosen: (value) => page.editor.set("compare", value)
                        }
                    }
                    Row {
                        visible: page.ofMetric
                        spacing: Theme.s3
                        Entry {
                            visible: page.texts["compare"] === "counts"
                            width: page.half
                            key: "good"
                            label: "Metric of the good ones"
                            mono: true
                            placeholder: "purchases_paid"
                            complete: page.metrics
                        }
                        Entry {
                            width: page.half
                            key: "total"
                            label: page.texts["compare"] === "counts" ? "Metric of all" : "Metric"
                            mono: true
                            placeholder: "purchases"
                            complete: page.metrics
                        }
                        Entry {
                            visible: page.texts["compare"] !== "counts"
                            width: page.half
                            key: "bound"
                            label: page.texts["compare"] === "below" ? "Good below" : "Good above"
                            placeholder: "0"
                        }
                    }
                    Entry { visible: page.ofMetric; key: "project"; label: "Project"; placeholder: "all" }
                    Row {
                        spacing: Theme.s3
                        Entry {
                            id: targetField
                            width: page.half
                            key: "target"
                            label: "Target (%)"
                            placeholder: "99.9"
                            tip: "The share of good ones that there must be"
                            input.inputMethodHints: Qt.ImhFormattedNumbersOnly
                        }
                        Pick {
                            width: page.half
                            key: "window"
                            label: "Window"
                            Choice {
                                objectName: "objectiveWindow"
                                width: parent.width
                                label: "Window"
                                options: [{"value": "rolling", "text": "rolling"}, {"value": "day", "text": "this day"}, {"value": "week", "text": "this week"},
                                          {"value": "month", "text": "this month"}, {"value": "quarter", "text": "this quarter"}, {"value": "year", "text": "this year"}]
                                value: page.texts["window"] || ""
                                onChosen: (value) => page.editor.set("window", value)
                            }
                        }
                    }
                    Entry { visible: page.texts["window"] === "rolling"; key: "rolling"; label: "Length of the window"; placeholder: "30d"; tip: "3h to 400d" }
                    Entry { visible: page.texts["window"] !== "rolling"; key: "timezone"; label: "Time zone"; placeholder: "UTC"; tip: "Where its days begin: Europe/Berlin" }
                    Pick {
                        key: "rules"
                        label: "Alerts: a rule fires while both windows burn at least so fast"
                        Segmented {
                            objectName: "objectiveRules"
                            label: "Alert rules"
                            options: [{"value": false, "text": "as usual for the window"}, {"value": true, "text": "own rules"}]
                            value: page.editor.rules > 0
                            onChosen: (value) => value ? page.editor.ownRules() : page.editor.usualRules()
                        }
                    }
                    Column {
                        visible: page.editor.rules === 0
                        width: parent.width
                        spacing: 3
                        Repeater {
                            model: page.editor.ruleNotes
                            delegate: Txt { required property string modelData; width: fields.width - Theme.s3; text: modelData; small: true; faint: true }
                        }
                    }
                    Repeater {
                        model: page.editor.rules
                        delegate: Column {
                            id: rule
                            required property int index
                            readonly property string at: index + "."
                            readonly property int cell: Math.floor((form.width - Theme.s3 - 86 - 30 - 5 * Theme.s1) / 4)
                            spacing: 3
                            Row {
                                spacing: Theme.s1
                                Column {
                                    spacing: 5
                                    Txt { text: "Severity"; small: true; muted: true; strong: true }
                                    Choice {
                                        width: 86
                                        label: "Severity of rule " + (rule.index + 1)
                                        options: [{"value": "page", "text": "page"}, {"value": "ticket", "text": "ticket"}]
                                        value: page.texts[rule.at + "severity"] || ""
                                        onChosen: (value) => page.editor.set(rule.at + "severity", value)
                                    }
                                }
                                Entry { width: rule.cell; key: rule.at + "long"; label: "Long"; placeholder: "1h"; notes: false }
                                Entry { width: rule.cell; key: rule.at + "short"; label: "Short"; placeholder: "long / 12"; notes: false }
                                Entry { width: rule.cell; key: rule.at + "factor"; label: "Times"; placeholder: "14.4"; tip: "How many times as fast as the budget allows"; notes: false }
                                Entry { width: rule.cell; key: rule.at + "hold"; label: "Hold"; placeholder: "0s"; tip: "How long it must burn before it fires"; notes: false }
                                Btn {
                                    y: 19
                                    iconName: "trash"
                                    tip: "Remove this rule"
                                    enabled: page.editor.rules > 1
                                    onClicked: page.editor.removeRule(rule.index)
                                }
                            }
                            readonly property var keys: ["severity", "long", "short", "factor", "hold"]
                            function told(of) {
                                const all = []
                                for (const key of keys) if (of[at + key]) all.push(key + " " + of[at + key])
                                return all.join("\n")
                            }
                            Txt {
                                objectName: "ruleFault" + rule.index
                                visible: text !== ""
                                width: form.width - Theme.s3
                                text: rule.told(page.editor.faults)
                                small: true
                                color: Theme.bad
                                wrapMode: Text.Wrap
                                elide: Text.ElideNone
                            }
                            Warning {
                                objectName: "ruleWarning" + rule.index
                                width: form.width - Theme.s3
                                text: ["factor", "long"].map((key) => page.editor.warnings[rule.at + key] || "").filter((text) => text !== "").join("\n")
                            }
                            Txt { visible: text !== ""; text: page.editor.ruleNotes[rule.index] || ""; small: true; faint: true; width: form.width - Theme.s3 }
                        }
                    }
                    Btn {
                        objectName: "addRule"
                        visible: page.editor.rules > 0
                        enabled: page.editor.rules < 16
                        text: "Add a rule"
                        iconName: "plus"
                        onClicked: page.editor.addRule()
                    }
                    Row {
                        spacing: Theme.s3
                        Entry { width: page.half; key: "leastBad"; label: "Bad ones at least"; placeholder: "1"; tip: "In the long window, before a rule may fire: for little traffic" }
                        Entry { width: page.half; key: "coolDown"; label: "Cool-down"; placeholder: "0s"; tip: "How long the burn must be over before the alert is" }
                    }
                    Entry { key: "notify"; label: "Tells"; placeholder: "nobody but the log"; tip: "Names of notification targets, with commas" }
                    Pick {
                        key: "noData"
                        label: "Silence, nothing to count, is an alert"
                        YesNo { objectName: "objectiveNoData"; key: "noData"; label: "Nothing to count is an alert" }
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
            Txt {
                objectName: "objectiveFault"
                visible: text !== ""
                width: parent.width
                text: page.editor.fault
                color: Theme.bad
                wrapMode: Text.Wrap
                elide: Text.ElideNone
                Accessible.role: Accessible.AlertMessage
                Accessible.name: text
            }
        }
    }
    BackTestPanel {
        visible: page.sideBySide
        editor: page.editor
        anchors.left: panel.right
        anchors.leftMargin: Theme.s3
        anchors.right: parent.right
        anchors.top: parent.top
        anchors.bottom: parent.bottom
    }
    Question {
        id: discard
        objectName: "discardObjectiveQuestion"
        first: backButton
        iconName: "edit"
        title: "Discard what was typed?"
        text: "The objective is not saved."
        Btn { id: backButton; text: "Go on editing"; primary: true; onClicked: discard.cancel() }
        Btn {
            objectName: "discardObjective"
            text: "Discard"
            danger: true
            onClicked: {
                discard.visible = false
                page.drop()
            }
        }
    }
}
