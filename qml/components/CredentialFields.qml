// SPDX-License-Identifier: GPL-3.0-or-later
// Who a scenario's requests say that they are from. The secret itself is never in a scenario: a variable or a file of the
// machine that runs it has it.
import QtQuick
import "../theme"

Column {
    id: fields
    required property var scenario
    required property string section  // "credentials", "end_to_end.credentials"
    property string label: "Credentials"
    property string none: "None"
    readonly property var form: scenario.form
    readonly property string kind: form[section + ".kind"] || "none"
    function value(member) { return String(form[section + "." + member] || "") }
    spacing: Theme.s2

    Column {
        width: parent.width
        spacing: 4
        Txt { text: fields.label; small: true; muted: true; strong: true }
        Choice {
            objectName: "scenario_" + fields.section + ".kind"
            width: parent.width
            label: fields.label
            value: fields.kind
            options: [{"value": "none", "text": fields.none}, {"value": "bearer", "text": "Bearer token"},
                      {"value": "basic", "text": "User and password"}, {"value": "header", "text": "A header of its own"}]
            onChosen: (value) => fields.scenario.set(fields.section + ".kind", value)
        }
    }
    Flow {
        visible: fields.kind !== "none"
        width: parent.width
        spacing: Theme.s2
        readonly property bool third: fields.kind !== "bearer"
        readonly property real share: Math.floor((width - (third ? 2 : 1) * Theme.s2) / (third ? 3 : 2))
        ScenarioField { visible: fields.kind === "basic"; width: parent.share; scenario: fields.scenario; member: fields.section + ".user"; label: "User"; value: fields.value("user") }
        ScenarioField { visible: fields.kind === "header"; width: parent.share; scenario: fields.scenario; member: fields.section + ".header"; label: "Header"; value: fields.value("header"); mono: true }
        ScenarioField { width: parent.share; scenario: fields.scenario; member: fields.section + ".environment"; label: "Secret in variable"; value: fields.value("environment"); mono: true; tip: "Of the machine that runs it; or a file" }
        ScenarioField { width: parent.share; scenario: fields.scenario; member: fields.section + ".file"; label: "or in file"; value: fields.value("file"); mono: true; tip: "Its first line" }
    }
    ScenarioFault { scenario: fields.scenario; member: fields.section }
}
