// SPDX-License-Identifier: GPL-3.0-or-later
// What is wrong with a part of a scenario that is no single field: a list, a section, a choice.
import QtQuick
import "../theme"

Txt {
    required property var scenario
    required property string member  // as a fault names it: "stages"
    objectName: "scenarioFault_" + member
    visible: text !== ""
    width: parent ? parent.width : 0
    text: scenario.faults[member] || ""
    small: true
    color: Theme.bad
    wrapMode: Text.Wrap
    elide: Text.ElideNone
}
