// SPDX-License-Identifier: GPL-3.0-or-later
// The objectives of a load scenario: what production promises, its window scaled to the run.
import QtQuick
import "../theme"

Column {
    id: all
    required property var scenario
    property bool searching: false  // a search judges by thresholds
    readonly property real third: Math.floor((width - 2 * Theme.s2) / 3)
    spacing: Theme.s2

    Txt { width: parent.width; strong: true; topPadding: Theme.s2; text: "Objectives, scaled to the run" }
    Txt {
        width: parent.width
        text: all.searching ? "A search holds these beside what stands above: the share of bad requests that each allows. Windows and alerts have no meaning in its steps."
              : all.scenario.objectives.length === 0 ? "What production promises over weeks can be tried here in minutes: its window, its error budget and its alerts are scaled to the run." : ""
        visible: text !== ""
        small: true
        muted: true
        wrapMode: Text.Wrap
        elide: Text.ElideNone
    }
    Repeater {
        model: all.scenario.objectives.length
        delegate: Column {
            id: objective
            required property int index
            readonly property var row: all.scenario.objectives[index] || ({"name": "", "kind": "", "target": "", "threshold": "", "request": "", "window": "", "scaled_to": "", "usual_rate": "", "alerts": 0})
            readonly property string path: "objectives[" + index + "]."
            width: all.width
            spacing: Theme.s2
            Rectangle { visible: objective.index > 0; width: parent.width; height: 1; color: Theme.line }
            Item {
                width: parent.width
                height: kind.height
                Column {
                    id: kind
                    width: all.third
                    spacing: 4
                    Txt { text: "Kind"; small: true; muted: true; strong: true }
                    Choice {
                        objectName: "scenario_" + objective.path + "kind"
                        width: parent.width
                        label: "Kind of the objective " + objective.row.name
                        value: objective.row.kind
                        options: [{"value": "availability", "text": "Availability"}, {"value": "latency", "text": "Latency"}, {"value": "errors", "text": "Errors"}]
                        onChosen: (value) => all.scenario.set(objective.path + "kind", value)
                    }
                }
                ScenarioField {
                    x: all.third + Theme.s2
                    width: parent.width - x - 34
                    scenario: all.scenario
                    member: objective.path + "name"
                    label: "Name"
                    value: objective.row.name
                    mono: true
                }
                Btn {
                    objectName: "removeObjective" + objective.index
                    anchors.right: parent.right
                    y: 20
                    height: 26
                    width: 26
                    flat: true
                    iconName: "trash"
                    tip: "Remove the objective " + objective.row.name
                    onClicked: all.scenario.remove("objectives", objective.index)
                }
            }
            ScenarioFault { scenario: all.scenario; member: objective.path + "kind" }
            ScenarioFault { scenario: all.scenario; member: objective.path + "alerts" }
            Flow {
                width: parent.width
                spacing: Theme.s2
                ScenarioField { width: all.third; scenario: all.scenario; member: objective.path + "target"; label: "Target"; value: objective.row.target; tip: "How much of it must be good: 99.9% or 0.999" }
                ScenarioField { visible: objective.row.kind === "latency"; width: all.third; scenario: all.scenario; member: objective.path + "threshold"; label: "Within"; value: objective.row.threshold; tip: "Of the planned time: 300ms" }
                ScenarioField { width: all.third; scenario: all.scenario; member: objective.path + "request"; label: "Request kind"; value: objective.row.request; mono: true; tip: "Name of a kind of request; empty: all" }
                ScenarioField { width: all.third; scenario: all.scenario; member: objective.path + "window"; label: "Window"; value: objective.row.window; tip: "In production: 30d" }
                ScenarioField { width: all.third; scenario: all.scenario; member: objective.path + "scaled_to"; label: "Lasts here"; value: objective.row.scaled_to; tip: "How long the window lasts in the run; empty: as long as the run" }
                ScenarioField { width: all.third; scenario: all.scenario; member: objective.path + "usual_rate"; label: "Usual rate"; unit: "/s"; value: objective.row.usual_rate; tip: "Production's requests a second, of which the budget is that the run is weighed against; empty: the run's own" }
            }
            CheckLine {
                visible: objective.row.kind !== "latency"
                width: parent.width
                text: "429 is bad, too"
                checked: objective.row.limited_is_bad === true
                onToggled: all.scenario.set(objective.path + "limited_is_bad", checked ? "true" : "false")
            }
            Txt {
                visible: objective.row.alerts > 0
                width: parent.width
                text: objective.row.alerts === 1 ? "It has an alert of its own in the file." : "It has " + objective.row.alerts + " alerts of its own in the file."
                small: true
                muted: true
            }
        }
    }
    Flow {
        width: parent.width
        spacing: Theme.s2
        Btn { objectName: "addObjective"; height: 26; flat: true; iconName: "plus"; text: "Another objective"; onClicked: all.scenario.add("objectives") }
        Btn {
            objectName: "defaultObjectives"
            height: 26
            flat: true
            text: "Those of a fresh server"
            tip: "In place of these: latency, errors and availability as a new server has them"
            onClicked: all.scenario.add("objectives.default")
        }
    }
    ScenarioFault { scenario: all.scenario; member: "objectives" }
}
