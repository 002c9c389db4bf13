// SPDX-License-Identifier: GPL-3.0-or-later
// A member of a scenario to type in, with what is wrong with it below. What is typed goes to the scenario as it is typed.
import QtQuick
import "../theme"

Column {
    id: field
    required property var scenario
    required property string member  // as a fault names it: "stages[0].rate"
    property string value
    property string label
    property string unit
    property string tip
    property bool mono: false
    readonly property string fault: scenario.faults[member] || ""
    spacing: 4

    Txt { visible: text !== ""; width: field.width; text: field.label; small: true; muted: true; strong: true }
    Field {
        id: input
        objectName: "scenario_" + field.member
        width: field.width
        label: field.label !== "" ? field.label : field.member
        suffix: field.unit
        wrong: field.fault !== ""
        font.family: field.mono ? Theme.mono : Theme.sans
        font.pixelSize: field.mono ? 12 : Theme.sizeBody
        Accessible.description: field.fault !== "" ? field.fault : field.tip
        Component.onCompleted: read()
        onTextEdited: field.scenario.set(field.member, text)
        onActiveFocusChanged: if (!activeFocus && field.fault === "") read()
        function read() {
            text = field.value
            cursorPosition = 0
        }
        HoverHandler { id: over }
        Tip { text: field.tip; shown: over.hovered && !input.activeFocus }
    }
    onValueChanged: if (!input.activeFocus) input.read()
    onFaultChanged: if (fault === "" && !input.activeFocus) input.read()
    Txt {
        objectName: "scenarioFault_" + field.member
        visible: field.fault !== ""
        width: field.width
        text: field.fault
        small: true
        color: Theme.bad
        wrapMode: Text.Wrap
        elide: Text.ElideNone
    }
}
