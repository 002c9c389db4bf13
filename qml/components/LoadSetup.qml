// SPDX-License-Identifier: GPL-3.0-or-later
// What a load run is to do: as a form at the left, drawn and as a file at the right.
import QtQuick
import QtQuick.Templates as T
import "../theme"

Item {
    id: setup
    required property var app
    readonly property var load: app.load
    readonly property var scenario: load.scenario
    readonly property var form: scenario.form
    readonly property bool closed: form.loop === "closed"
    readonly property bool replays: scenario.profile === "replay"
    property alias first: urlField

    component Heading: Txt { width: parent ? parent.width : 0; strong: true; topPadding: Theme.s2 }
    component RowButton: Btn { height: 26; width: 26; flat: true }

    Panel {
        id: formPanel
        width: Math.round(Math.max(400, Math.min(560, parent.width * 0.44)))
        height: parent.height
        title: "Set-up"
        note: setup.scenario.readable ? "" : "mend the file first"
        Rectangle { x: 1; width: parent.width - 2; height: 1; color: Theme.line }
        Flickable {
            id: formView
            anchors.fill: parent
            anchors.topMargin: 1
            anchors.bottomMargin: foot.height + 1
            contentHeight: fields.implicitHeight + 2 * Theme.s3
            clip: true
            boundsBehavior: Flickable.StopAtBounds
            T.ScrollBar.vertical: ScrollMark {}
            Column {
                id: fields
                x: Theme.s3 + 2
                y: Theme.s3
                width: parent.width - 2 * x - 4
                spacing: Theme.s3
                enabled: setup.scenario.readable && setup.load.offered
                opacity: enabled ? 1 : 0.5

                ScenarioField {
                    id: urlField
                    width: parent.width
                    scenario: setup.scenario
                    member: "url"
                    label: "Target"
                    value: setup.form.url
                    mono: true
                    tip: "This server by default. Another host has to be confirmed, and the server has to allow it."
                }
                Rectangle {
                    objectName: "confirmTarget"
                    visible: setup.scenario.foreign
                    width: parent.width
                    height: confirmColumn.implicitHeight + 2 * Theme.s3
                    radius: Theme.radiusSmall
                    color: Theme.toneFill(setup.scenario.confirmed ? "good" : "warning")
                    border.color: Theme.tone(setup.scenario.confirmed ? "good" : "warning")
                    Column {
                        id: confirmColumn
                        x: Theme.s3
                        y: Theme.s3
                        width: parent.width - 2 * x
                        spacing: Theme.s2
                        Txt {
                            width: parent.width
                            wrapMode: Text.Wrap
                            elide: Text.ElideNone
                            text: setup.scenario.confirmed ? "Confirmed: the load goes to " + setup.scenario.host + "."
                                  : "The load would go to another machine. If it is yours to test, write its host in full:"
                        }
                        Field {
                            objectName: "confirmHost"
                            width: parent.width
                            label: "Host to confirm"
                            placeholderText: setup.scenario.host
                            font.family: Theme.mono
                            font.pixelSize: 12
                            text: setup.scenario.confirmedHost
                            onTextEdited: setup.scenario.confirmedHost = text
                        }
                    }
                }

                Column {
                    width: parent.width
                    spacing: 4
                    Txt { text: "Profile"; small: true; muted: true; strong: true }
                    Choice {
                        objectName: "loadProfile"
                        width: parent.width
                        label: "Profile"
                        value: setup.scenario.profile
                        options: [{"value": "constant", "text": "Constant rate"}, {"value": "ramp", "text": "Ramp"},
                                  {"value": "spike", "text": "Spike: base, spike, cooldown"}, {"value": "steps", "text": "Steps"},
                                  {"value": "soak", "text": "Soak: long and steady"}, {"value": "sine", "text": "Sine wave"},
                                  {"value": "custom", "text": "Several stages"},
                                  {"value": "replay", "text": "Replay of recorded traffic"},
                                  {"value": "capacity", "text": "Capacity search: how much holds?"}]
                        onChosen: (value) => setup.scenario.choose(value)
                    }
                }
                Txt {
                    visible: setup.scenario.profile === "capacity"
                    width: parent.width
                    wrapMode: Text.Wrap
                    elide: Text.ElideNone
                    muted: true
                    text: "Doubles the rate until a threshold below fails, narrows, and confirms the answer for 20 s. The stages of the file are not used."
                }
                ScenarioField {
                    visible: setup.scenario.profile === "capacity"
                    width: parent.width
                    scenario: setup.scenario
                    member: "budget_seconds"
                    label: "Longest search"
                    value: setup.scenario.budget
                }
                Repeater {
                    model: setup.scenario.profile === "capacity" ? 0 : setup.scenario.stages.length
                    delegate: Column {
                        id: stage
                        required property int index
                        readonly property var row: setup.scenario.stages[index] || ({"args": []})
                        readonly property string path: "stages[" + index + "]."
                        width: fields.width
                        spacing: Theme.s2
                        Item {
                            visible: setup.scenario.profile === "custom"
                            width: parent.width
                            height: 30
                            Choice {
                                objectName: "scenario_" + stage.path + "shape"
                                width: parent.width - 34
                                label: "Shape of stage " + (stage.index + 1)
                                value: stage.row.shape || ""
                                options: [{"value": "constant", "text": "Constant"}, {"value": "ramp", "text": "Ramp"}, {"value": "spike", "text": "Spike"},
                                          {"value": "steps", "text": "Steps"}, {"value": "sine", "text": "Sine"}, {"value": "pause", "text": "Pause"}]
                                onChosen: (value) => setup.scenario.set(stage.path + "shape", value)
                            }
                            RowButton {
                                anchors.right: parent.right
                                anchors.verticalCenter: parent.verticalCenter
                                iconName: "trash"
                                enabled: setup.scenario.stages.length > 1
                                tip: enabled ? "Remove stage " + (stage.index + 1) : "The only stage"
                                onClicked: setup.scenario.remove("stages", stage.index)
                            }
                        }
                        Flow {
                            width: parent.width
                            spacing: Theme.s2
                            Repeater {
                                model: stage.row.args.length
                                delegate: ScenarioField {
                                    required property int index
                                    readonly property var arg: stage.row.args[index] || ({"key": "", "label": "", "unit": "", "value": ""})
                                    width: Math.floor((stage.width - 2 * Theme.s2) / 3)
                                    scenario: setup.scenario
                                    member: stage.path + arg.key
                                    label: arg.label
                                    unit: arg.unit
                                    value: arg.value
                                }
                            }
                        }
                    }
                }
                ScenarioFault { scenario: setup.scenario; member: "stages" }
                ReplayFields { objectName: "replayFields"; visible: setup.replays; width: parent.width; scenario: setup.scenario }
                Btn {
                    visible: setup.scenario.profile !== "capacity" && !setup.replays
                    height: 26
                    flat: true
                    iconName: "plus"
                    text: "Another stage"
                    onClicked: setup.scenario.add("stages")
                }
                Flow {
                    width: parent.width
                    spacing: Theme.s4
                    Column {
                        visible: !setup.replays
                        spacing: 4
                        Txt { text: "Load by"; small: true; muted: true; strong: true }
                        Segmented {
                            objectName: "loadLoop"
                            label: "Load by"
                            value: setup.form.loop
                            options: [{"value": "open", "text": "Rate", "tip": "Requests a second, whether or not earlier ones were answered"},
                                      {"value": "closed", "text": "Users", "tip": "Each sends, waits for the answer, thinks, and sends again"}]
                            onChosen: (value) => setup.scenario.set("loop", value)
                        }
                    }
                    Column {
                        visible: !setup.closed && !setup.replays
                        spacing: 4
                        Txt { text: "Arrivals"; small: true; muted: true; strong: true }
                        Segmented {
                            objectName: "loadArrivals"
                            label: "Arrivals"
                            value: setup.scenario.profile === "capacity" ? "poisson" : setup.form.arrivals
                            enabled: setup.scenario.profile !== "capacity"
                            options: [{"value": "even", "text": "Even", "tip": "The same pause between any two"},
                                      {"value": "poisson", "text": "Poisson", "tip": "As independent clients come"}]
                            onChosen: (value) => setup.scenario.set("arrivals", value)
                        }
                    }
                    ScenarioField {
                        visible: setup.closed
                        width: 120
                        scenario: setup.scenario
                        member: "think"
                        label: "Think between"
                        value: setup.form.think
                    }
                    CheckLine {
                        objectName: "scenario_think_random"
                        visible: setup.closed
                        topPadding: 20
                        text: "at random around it"
                        checked: setup.form.think_random === true
                        onToggled: setup.scenario.set("think_random", checked ? "true" : "false")
                    }
                    ScenarioField {
                        width: 120
                        scenario: setup.scenario
                        member: "max_in_flight"
                        label: "Most under way"
                        value: setup.form.max_in_flight
                        tip: "So many requests; what is due beyond waits"
                    }
                    ScenarioField {
                        visible: !setup.closed
                        width: 120
                        scenario: setup.scenario
                        member: "pipeline"
                        label: "On one connection"
                        value: setup.form.pipeline
                        tip: "So many requests at once on a connection, the later ones behind the earlier; 1: each waits for the answer before it"
                    }
                }

                Heading { text: "What has to hold" }
                Repeater {
                    model: setup.scenario.thresholds.length
                    delegate: Item {
                        id: threshold
                        required property int index
                        readonly property var row: setup.scenario.thresholds[index] || ({"text": "", "words": ""})
                        width: fields.width
                        height: thresholdField.implicitHeight
                        ScenarioField {
                            id: thresholdField
                            width: parent.width - 34
                            scenario: setup.scenario
                            member: "thresholds[" + threshold.index + "]"
                            value: threshold.row.text
                            mono: true
                            tip: "p(95) < 300, errors < 1%, rate >= 1000, p(99){kind} < 20, … over 10s, … abort"
                        }
                        RowButton {
                            anchors.right: parent.right
                            y: 2
                            iconName: "trash"
                            tip: "Remove " + threshold.row.words
                            onClicked: setup.scenario.remove("thresholds", threshold.index)
                        }
                    }
                }
                ScenarioFault { scenario: setup.scenario; member: "thresholds" }
                Btn { objectName: "addThreshold"; height: 26; flat: true; iconName: "plus"; text: "Another threshold"; onClicked: setup.scenario.add("thresholds") }

                ScenarioObjectives { width: parent.width; scenario: setup.scenario; searching: setup.scenario.profile === "capacity" }

                Heading { text: "What is sent" }
                Repeater {
                    model: setup.scenario.requests.length
                    delegate: Column {
                        id: kind
                        required property int index
                        readonly property var row: setup.scenario.requests[index] || ({})
                        readonly property string path: "requests[" + index + "]."
                        readonly property string list: path + "headers"
                        width: fields.width
                        spacing: Theme.s2
                        Row {
                            width: parent.width
                            spacing: Theme.s2
                            ScenarioField { width: kind.width - 3 * Theme.s2 - 80 - 80 - 34; scenario: setup.scenario; member: kind.path + "name"; label: "Kind"; value: kind.row.name || "" }
                            ScenarioField { width: 80; scenario: setup.scenario; member: kind.path + "weight"; label: "Weight"; value: kind.row.weight || "" }
                            ScenarioField { width: 80; scenario: setup.scenario; member: kind.path + "method"; label: "Method"; value: kind.row.method || "" }
                            RowButton {
                                y: 20
                                enabled: setup.scenario.requests.length > 1
                                iconName: "trash"
                                tip: "Remove the kind " + (kind.row.name || "")
                                onClicked: setup.scenario.remove("requests", kind.index)
                            }
                        }
                        Row {
                            width: parent.width
                            spacing: Theme.s2
                            ScenarioField { width: kind.width - 2 * Theme.s2 - 180; scenario: setup.scenario; member: kind.path + "path"; label: "Path"; value: kind.row.path || ""; mono: true; tip: "Empty: the target's" }
                            ScenarioField { width: 60; scenario: setup.scenario; member: kind.path + "batch"; label: "Batch"; value: kind.row.batch || ""; tip: "Bodies in a request" }
                            ScenarioField { width: 120; scenario: setup.scenario; member: kind.path + "expect"; label: "Good statuses"; value: kind.row.expect || ""; tip: "Empty: 200 to 299" }
                        }
                        ScenarioField {
                            width: parent.width
                            scenario: setup.scenario
                            member: kind.path + "body"
                            label: "Body"
                            value: kind.row.body || ""
                            mono: true
                            tip: "{{field}} is replaced. Empty in a POST: the product's own events"
                        }
                        Repeater {
                            model: kind.row.headers ? kind.row.headers.length : 0
                            delegate: Row {
                                id: header
                                required property int index
                                readonly property var row: kind.row.headers[index] || ({"name": "", "value": ""})
                                readonly property string path: kind.path + "headers[" + index + "]."
                                spacing: Theme.s2
                                ScenarioField { width: Math.floor((kind.width - 34 - Theme.s2) * 0.4); scenario: setup.scenario; member: header.path + "name"; label: header.index === 0 ? "Header" : ""; value: header.row.name; mono: true }
                                ScenarioField { width: Math.floor((kind.width - 34 - Theme.s2) * 0.6) - Theme.s2; scenario: setup.scenario; member: header.path + "value"; label: header.index === 0 ? "is" : ""; value: header.row.value; mono: true; tip: "{{field}} is replaced" }
                                RowButton {
                                    y: header.index === 0 ? 20 : 2
                                    iconName: "trash"
                                    tip: "Remove the header " + header.row.name
                                    onClicked: setup.scenario.remove(kind.list, header.index)
                                }
                            }
                        }
                        Btn { objectName: "addHeader"; height: 26; flat: true; iconName: "plus"; text: "Another header"; onClicked: setup.scenario.add(kind.list) }
                    }
                }
                Btn { objectName: "addRequest"; visible: !setup.replays; height: 26; flat: true; iconName: "plus"; text: "Another kind of request"; onClicked: setup.scenario.add("requests") }
                ScenarioFault { scenario: setup.scenario; member: "requests" }
                Heading { text: "Generated fields" }
                Repeater {
                    model: setup.scenario.fields.length
                    delegate: Column {
                        id: generated
                        required property int index
                        readonly property var row: setup.scenario.fields[index] || ({"args": []})
                        readonly property string path: "fields[" + index + "]."
                        width: fields.width
                        spacing: Theme.s2
                        Row {
                            width: parent.width
                            spacing: Theme.s2
                            ScenarioField { width: (generated.width - 34 - 2 * Theme.s2) / 2; scenario: setup.scenario; member: generated.path + "name"; label: "Field"; value: generated.row.name || ""; mono: true }
                            Column {
                                width: (generated.width - 34 - 2 * Theme.s2) / 2
                                spacing: 4
                                Txt { text: "Is"; small: true; muted: true; strong: true }
                                Choice {
                                    width: parent.width
                                    label: "Kind of the field " + (generated.row.name || "")
                                    value: generated.row.kind || ""
                                    options: ["constant", "sequence", "integer", "decimal", "choice", "zipf", "uuid4", "uuid7", "hex", "now", "planned", "column"]
                                             .map((word) => ({"value": word, "text": word}))
                                    onChosen: (value) => setup.scenario.set(generated.path + "kind", value)
                                }
                            }
                            RowButton { y: 20; iconName: "trash"; tip: "Remove the field " + (generated.row.name || ""); onClicked: setup.scenario.remove("fields", generated.index) }
                        }
                        Flow {
                            width: parent.width
                            spacing: Theme.s2
                            Repeater {
                                model: generated.row.args.length
                                delegate: ScenarioField {
                                    required property int index
                                    readonly property var arg: generated.row.args[index] || ({"key": "", "label": "", "value": ""})
                                    width: generated.row.args.length === 1 ? generated.width : Math.floor((generated.width - 2 * Theme.s2) / 3)
                                    scenario: setup.scenario
                                    member: generated.path + arg.key
                                    label: arg.label
                                    value: arg.value
                                }
                            }
                        }
                    }
                }
                Btn { objectName: "addField"; height: 26; flat: true; iconName: "plus"; text: "Another field"; onClicked: setup.scenario.add("fields") }

                LoadSetupMore { width: parent.width; scenario: setup.scenario }
            }
        }
        Item {
            id: foot
            anchors.bottom: parent.bottom
            width: parent.width
            height: footColumn.implicitHeight + 2 * Theme.s3
            Rectangle { x: 1; width: parent.width - 2; height: 1; color: Theme.line }
            Column {
                id: footColumn
                x: Theme.s3 + 2
                y: Theme.s3
                width: parent.width - 2 * x
                spacing: Theme.s2
                Txt {
                    objectName: "planProblem"
                    width: parent.width
                    readonly property string problem: !setup.load.offered && setup.app.connection.live
                        ? "This server does not offer load runs on the address that you are connected to."
                        : setup.load.active ? "A run is under way. Stop it, or wait for its end." : setup.scenario.problem
                    text: problem !== "" ? problem : setup.scenario.previewText
                    color: problem !== "" ? Theme.warning : Theme.textMuted
                    small: true
                    wrapMode: Text.Wrap
                    maximumLineCount: 3
                }
                Btn {
                    objectName: "startButton"
                    width: parent.width
                    height: 34
                    primary: true
                    iconName: "play"
                    text: setup.load.busy ? "Starting …" : setup.scenario.profile === "capacity" ? "Search for the capacity" : "Start"
                    tip: "Ctrl+Return"
                    enabled: setup.load.canStart
                    onClicked: setup.load.start()
                }
            }
        }
    }

    TimeChart {
        id: preview
        objectName: "loadPreview"
        anchors.left: formPanel.right
        anchors.leftMargin: Theme.s3
        anchors.right: parent.right
        height: Math.round(Math.max(170, parent.height * 0.3))
        timed: false
        title: setup.closed ? "Planned users" : "Planned rate"
        subtitle: setup.scenario.previewText
        emptyText: setup.scenario.profile === "capacity" ? "A search has rates of its own" : setup.replays ? "Known when the recording is read" : "No data in this window"
        model: setup.scenario.preview
        colors: [Theme.spark]
        onCursorMoved: (position) => preview.cursor = position
        onCopyRequested: (text) => setup.app.copy(text, "chart's data")
    }
    ScenarioText {
        anchors.left: preview.left
        anchors.right: parent.right
        anchors.top: preview.bottom
        anchors.topMargin: Theme.s3
        anchors.bottom: parent.bottom
        scenario: setup.scenario
    }
}
