// SPDX-License-Identifier: GPL-3.0-or-later
// A labelled text of an editor's form: what is typed goes to the editor, what is wrong with it stands below, and what its
// author will not have meant.
import QtQuick
import QtQuick.Templates as T
import "../theme"

Column {
    id: field
    required property var editor
    required property string key
    property string prefix: "metric"  // of the names that tests find it by
    property string label
    property bool notes: true  // faults and warnings are told here
    property string placeholder
    property string tip
    property bool mono: false
    property alias complete: input.complete
    property alias input: input
    property alias maximumLength: input.maximumLength
    readonly property string fault: editor.faults[key] || ""
    readonly property string warning: fault === "" && editor.warnings ? editor.warnings[key] || "" : ""
    signal escaped()
    spacing: 5

    Txt { text: field.label; small: true; muted: true; strong: true }
    FilterField {
        id: input
        objectName: field.prefix + "Form_" + field.key
        width: field.width
        tabTakes: false
        label: field.label
        placeholderText: field.placeholder
        wrong: field.fault !== ""
        font.family: field.mono ? Theme.mono : Theme.sans
        font.pixelSize: field.mono ? 12 : Theme.sizeBody
        Accessible.description: field.fault !== "" ? field.fault : field.tip
        Component.onCompleted: read()
        onTyped: field.editor.set(field.key, text)
        onEscaped: field.escaped()
        function read() {
            text = field.editor.value(field.key)
            cursorPosition = 0
        }
        Connections {
            target: field.editor
            function onLoaded() { input.read() }
        }
        HoverHandler { id: over }
        Tip { text: field.tip; shown: over.hovered && !input.activeFocus }
        T.Popup {
            y: input.height + 4
            width: Math.max(input.width, 240)
            padding: Theme.s1
            visible: input.words.length > 0
            closePolicy: T.Popup.NoAutoClose
            background: Rectangle { radius: Theme.radiusSmall; color: Theme.raised; border.color: Theme.lineStrong }
            contentItem: WordList { field: input; wordName: "metricFormWord" }
        }
    }
    Txt {
        objectName: field.prefix + "Fault_" + field.key
        visible: field.notes && field.fault !== ""
        width: field.width
        text: field.fault
        small: true
        color: Theme.bad
        wrapMode: Text.Wrap
        elide: Text.ElideNone
    }
    Warning { objectName: field.prefix + "Warning_" + field.key; width: field.width; text: field.notes ? field.warning : "" }
}
