// SPDX-License-Identifier: GPL-3.0-or-later
// A labelled number with its unit. What is typed goes to the plan as it is typed; what makes no sense is marked there.
import QtQuick
import "../theme"

Column {
    id: field
    property string label
    property string unit
    property real value
    property bool wrong: false
    property bool whole: false
    property alias input: input
    signal edited(real value)
    spacing: 5

    Txt { text: field.label; small: true; muted: true; strong: true }
    Field {
        id: input
        width: field.width
        suffix: field.unit
        label: field.label
        wrong: field.wrong
        inputMethodHints: Qt.ImhFormattedNumbersOnly
        Component.onCompleted: text = String(field.value)
        onTextEdited: {
            const number = Number(text.replace(/[\s\u202f]/g, ""))
            field.edited(text.trim() === "" || isNaN(number) || (field.whole && number !== Math.floor(number)) ? 0 : number)
        }
        Connections {
            target: field
            function onValueChanged() { if (!input.activeFocus) input.text = String(field.value) }
        }
    }
}
