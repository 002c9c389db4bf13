// SPDX-License-Identifier: GPL-3.0-or-later
// The words that a FilterField offers, to click on.
import QtQuick
import "../theme"

Column {
    id: list
    property var field
    property var words: field ? field.words : []
    property string wordName: "filterWord"
    Repeater {
        model: list.words.slice(0, 11)
        delegate: Rectangle {
            id: word
            required property int index
            required property string modelData
            objectName: list.wordName
            width: list.width
            height: 24
            radius: Theme.radiusSmall
            color: index === list.field.chosen ? Theme.selected : over.hovered ? Theme.hover : "transparent"
            Accessible.role: Accessible.ListItem
            Accessible.name: modelData
            Txt { x: Theme.s2; height: parent.height; text: word.modelData; font.family: Theme.mono; font.pixelSize: 12 }
            HoverHandler { id: over }
            TapHandler { onTapped: list.field.take(word.modelData) }
        }
    }
}
