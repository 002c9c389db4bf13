// SPDX-License-Identifier: GPL-3.0-or-later
// A small table that stands still: the first column is a name, the others are figures at the right. A row's tone colours
// its column `toned`, with the tone's mark.
import QtQuick
import "../theme"

Column {
    id: table
    property var rows: []
    property var columns: []    // [{key, text, width}]; the first has what is left
    property bool headed: true
    property string toned       // key of the column with the row's tone
    property bool wraps: false  // the first column
    readonly property real rest: {
        let left = width
        for (let i = 1; i < columns.length; ++i) left -= columns[i].width
        return Math.max(40, left)
    }
    Accessible.role: Accessible.Table

    Row {
        visible: table.headed && table.rows.length > 0
        Repeater {
            model: table.columns
            delegate: Txt {
                required property int index
                required property var modelData
                width: index === 0 ? table.rest : modelData.width
                height: 22
                text: modelData.text || ""
                small: true
                faint: true
                horizontalAlignment: index === 0 ? Text.AlignLeft : Text.AlignRight
            }
        }
    }
    // By their number: figures that change ten times a second change texts, they make no new items.
    Repeater {
        model: table.rows.length
        delegate: Row {
            id: line
            required property int index
            readonly property var row: table.rows[index] || ({})
            Accessible.role: Accessible.Row
            Accessible.name: table.columns.map((column) => line.row[column.key]).join(", ")
            Repeater {
                model: table.columns
                delegate: Item {
                    id: cell
                    required property int index
                    required property var modelData
                    readonly property string tone: modelData.key === table.toned ? line.row.tone || "none" : "none"
                    width: index === 0 ? table.rest : modelData.width
                    height: Math.max(23, words.implicitHeight + 5)
                    Icon {
                        id: mark
                        visible: cell.tone !== "none" && name !== ""
                        name: Theme.toneIcon(cell.tone)
                        size: 12
                        stroke: 2.2
                        color: Theme.tone(cell.tone)
                        x: cell.index === 0 ? 0 : Math.max(0, cell.width - words.contentWidth - width - 5)
                        anchors.verticalCenter: parent.verticalCenter
                    }
                    Txt {
                        id: words
                        anchors.left: parent.left
                        anchors.leftMargin: cell.index === 0 && mark.visible ? 18 : 0
                        anchors.right: parent.right
                        anchors.rightMargin: cell.index === 0 ? Theme.s2 : 0
                        anchors.verticalCenter: parent.verticalCenter
                        text: String(line.row[cell.modelData.key] ?? "")
                        horizontalAlignment: cell.index === 0 ? Text.AlignLeft : Text.AlignRight
                        wrapMode: table.wraps && cell.index === 0 ? Text.Wrap : Text.NoWrap
                        elide: table.wraps && cell.index === 0 ? Text.ElideNone : Text.ElideRight
                        strong: cell.tone === "bad"
                        color: cell.tone === "bad" ? Theme.bad : cell.tone === "warning" ? Theme.warning : Theme.text
                        HoverHandler { id: over }
                        Tip { text: cell.index === 0 && line.row.tip ? line.row.tip : words.truncated ? words.text : ""; shown: over.hovered }
                    }
                }
            }
        }
    }
}
