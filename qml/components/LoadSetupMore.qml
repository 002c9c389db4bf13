// SPDX-License-Identifier: GPL-3.0-or-later
// The rest of a scenario's form: who asks, TLS, columns from a file, reading back, and single values.
import QtQuick
import "../theme"

Column {
    id: more
    required property var scenario
    readonly property var form: scenario.form
    readonly property bool tlsFiles: form["tls.ca_file"] !== "" || form["tls.certificate_file"] !== "" || form["tls.key_file"] !== ""
    readonly property bool secure: String(form.url).startsWith("https:") || tlsFiles
    readonly property bool outside: form["credentials.kind"] !== "none" || form["end_to_end.credentials.kind"] !== "none" || form["feeder.file"] !== ""
                                    || form["end_to_end.query_url"] !== "" || tlsFiles
    readonly property real half: Math.floor((width - Theme.s2) / 2)
    readonly property real third: Math.floor((width - 2 * Theme.s2) / 3)
    spacing: Theme.s3
    component Heading: Txt { width: more.width; strong: true; topPadding: Theme.s2 }
    component Value: ScenarioField {
        scenario: more.scenario
        value: String(more.form[member])
    }

    Heading { text: "Who asks" }
    CredentialFields { width: parent.width; scenario: more.scenario; section: "credentials"; none: "Nobody: no credentials are sent" }
    Heading { visible: more.secure; text: "TLS" }
    Flow {
        visible: more.secure
        width: parent.width
        spacing: Theme.s2
        CheckLine {
            objectName: "scenario_tls.verify"
            width: parent.width
            text: "Check the server's certificate"
            checked: more.form["tls.verify"] === true
            onToggled: more.scenario.set("tls.verify", checked ? "true" : "false")
        }
        Value { width: more.half; member: "tls.server_name"; label: "Server's name"; tip: "Empty: the target's host"; mono: true }
        Value { width: more.half; member: "tls.ca_file"; label: "Authorities' file"; tip: "Empty: the system's"; mono: true }
        Value { width: more.half; member: "tls.certificate_file"; label: "Own certificate's file"; mono: true }
        Value { width: more.half; member: "tls.key_file"; label: "Its key's file"; mono: true }
    }
    ScenarioFault { scenario: more.scenario; member: "tls" }
    Heading { text: "Columns from a file" }
    Flow {
        width: parent.width
        spacing: Theme.s2
        Value { width: parent.width; member: "feeder.file"; label: "CSV file"; tip: "Fields of the kind column are of it"; mono: true }
        CheckLine {
            objectName: "scenario_feeder.random"
            visible: more.form["feeder.file"] !== ""
            width: parent.width
            text: "Rows at random, not in order"
            checked: more.form["feeder.random"] === true
            onToggled: more.scenario.set("feeder.random", checked ? "true" : "false")
        }
    }
    Heading { text: "Afterwards" }
    CheckLine {
        objectName: "endToEnd"
        width: parent.width
        text: "Read back what was sent: freshness, loss, repeats, sums"
        checked: more.form["end_to_end.check"] === true
        onToggled: more.scenario.set("end_to_end.check", checked ? "true" : "false")
    }
    ScenarioFault { scenario: more.scenario; member: "end_to_end.check" }
    Flow {
        visible: more.form["end_to_end.check"] === true
        width: parent.width
        spacing: Theme.s2
        Value { width: parent.width - 120 - Theme.s2; member: "end_to_end.query_url"; label: "Where to ask"; tip: "Empty: the target's server"; mono: true }
        Value { width: 120; member: "end_to_end.settle"; label: "Wait at most" }
        CredentialFields { width: parent.width; scenario: more.scenario; section: "end_to_end.credentials"; label: "Credentials of the questions"; none: "Those of the requests" }
    }
    Txt {
        objectName: "scenarioOutside"
        visible: more.outside
        width: parent.width
        text: "Variables and files are those of the machine that runs it. A server refuses them, and another place to ask, to whoever starts a run from here; save the file, and run it with streamgauged load FILE."
        small: true
        muted: true
        wrapMode: Text.Wrap
        elide: Text.ElideNone
    }
    Heading { text: "And" }
    Flow {
        width: parent.width
        spacing: Theme.s2
        Repeater {
            model: [["name", "Name"], ["seed", "Seed"], ["timeout", "Timeout"], ["grace", "Last answers"], ["error_brake", "Error brake"], ["jitter_percent", "Jitter, %"],
                    ["users", "Different users"], ["pages", "Different pages"]]
            delegate: Value {
                required property var modelData
                width: more.third
                member: modelData[0]
                label: modelData[1]
            }
        }
    }
    Flow {
        width: parent.width
        spacing: Theme.s4
        Column {
            spacing: 4
            Txt { text: "When all are under way"; small: true; muted: true; strong: true }
            Segmented {
                objectName: "loadWhenFull"
                label: "When all are under way"
                value: more.form.when_full
                options: [{"value": "queue", "text": "Wait", "tip": "What is due waits, and its time counts"},
                          {"value": "drop", "text": "Drop", "tip": "What is due is not sent, and the verdict counts it"}]
                onChosen: (value) => more.scenario.set("when_full", value)
            }
        }
        Column {
            spacing: 4
            Txt { text: "Connections"; small: true; muted: true; strong: true }
            Segmented {
                objectName: "loadConnections"
                label: "Connections"
                value: more.form.connections
                options: [{"value": "keep-alive", "text": "Kept"}, {"value": "new", "text": "New for each request"}]
                onChosen: (value) => more.scenario.set("connections", value)
            }
        }
    }
}
