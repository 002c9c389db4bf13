// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives, least budget first: a word, what is left, how fast it goes, and the last 24 hours. `/` filters.
import QtQuick
import QtQuick.Templates as T
import Streamgauge
import "../theme"

Panel {
    id: side
    required property var app
    readonly property var objectives: app.objectives
    property alias list: list
    title: "Objectives"
    note: objectives.filter !== "" ? list.count + " match" : list.count
    tools: Row {
        anchors.verticalCenter: parent.verticalCenter
        Btn { objectName: "defineObjective"; iconName: "plus"; tip: "Declare a new objective (N)"; onClicked: side.defineRequested() }
        Btn { objectName: "importObjectives"; iconName: "import"; tip: "Import OpenSLO"; onClicked: side.objectives.exchange.openImport() }
        Btn { objectName: "exportObjectives"; iconName: "export"; tip: "Export as OpenSLO, or as rules for Prometheus"; onClicked: side.objectives.exchange.openExport() }
    }
    signal defineRequested()
    signal changeRequested()
    function focusFilter() {
        filter.forceActiveFocus()
        filter.selectAll()
    }

    Field {
        id: filter
        objectName: "objectiveFilter"
        x: Theme.s2
        width: parent.width - 2 * x
        iconName: "search"
        label: "Filter objectives"
        placeholderText: "Filter  /"
        onTextEdited: side.objectives.filter = text
        Connections {
            target: side.objectives
            function onChanged() { if (filter.text !== side.objectives.filter) filter.text = side.objectives.filter }
        }
        Keys.onReturnPressed: list.forceActiveFocus()
        Keys.onDownPressed: list.forceActiveFocus()
        Keys.onEscapePressed: {
            side.objectives.filter = ""
            text = ""
            list.forceActiveFocus()
        }
    }
    Rectangle { x: 1; y: filter.height + Theme.s2; width: parent.width - 2; height: 1; color: Theme.line }
    Txt {
        anchors.centerIn: parent
        visible: list.count === 0 && side.objectives.filter !== ""
        text: "No objective matches"
        faint: true
    }
    ListView {
        id: list
        objectName: "objectiveList"
        anchors.fill: parent
        anchors.margins: 1
        anchors.topMargin: filter.height + Theme.s2 + 1
        clip: true
        focus: true
        activeFocusOnTab: true
        model: side.objectives.objectives
        boundsBehavior: Flickable.StopAtBounds
        keyNavigationEnabled: false
        opacity: side.objectives.stale ? 0.6 : 1
        T.ScrollBar.vertical: ScrollMark {}
        Accessible.role: Accessible.List
        Accessible.name: "Objectives, least budget first"
        function step(by) {
            for (let i = 0; i < count; ++i) {
                const row = itemAtIndex(i)
                if (!row || row.name !== side.objectives.selected) continue
                const next = Math.max(0, Math.min(count - 1, i + by))
                positionViewAtIndex(next, ListView.Contain)
                const chosen = itemAtIndex(next)
                if (chosen) side.objectives.selected = chosen.name
                return
            }
        }
        Keys.onDownPressed: step(1)
        Keys.onUpPressed: step(-1)
        Keys.onReturnPressed: side.changeRequested()
        Keys.onDeletePressed: side.objectives.askRemove()
        Keys.onPressed: (event) => {
            if (event.key !== Qt.Key_N || event.modifiers !== Qt.NoModifier) return
            side.defineRequested()
            event.accepted = true
        }
        delegate: Rectangle {
            id: row
            required property string name
            required property string title
            required property string word
            required property string tone
            required property string leftText
            required property real leftShare
            required property string burnText
            required property string exhaustionText
            required property var day
            readonly property bool current: name === side.objectives.selected
            readonly property color ink: tone === "none" ? Theme.textFaint : Theme.tone(tone)
            objectName: "objectiveRow"
            width: ListView.view ? ListView.view.width : 0
            height: 78
            color: current ? Theme.selected : over.hovered ? Theme.hover : "transparent"
            Accessible.role: Accessible.ListItem
            Accessible.name: name + ": " + word + ", budget left " + leftText + ", burns " + burnText + ", exhausted in " + exhaustionText
            Txt {
                x: Theme.s3
                y: 7
                width: parent.width - 2 * x - state.width - Theme.s2
                text: row.name
                elide: Text.ElideMiddle  // names of a kind differ at their ends
                strong: true
            }
            Row {
                id: state
                anchors.right: parent.right
                anchors.rightMargin: Theme.s3
                y: 8
                spacing: 4
                Icon { anchors.verticalCenter: parent.verticalCenter; name: row.tone === "none" ? "offline" : Theme.toneIcon(row.tone); size: 12; stroke: 2.2; color: row.ink }
                Txt { objectName: "objectiveWord"; text: row.word; small: true; strong: true; color: row.ink }
            }
            Rectangle {
                x: Theme.s3
                y: 33
                width: parent.width - 2 * x - 58
                height: 6
                radius: 3
                color: Theme.line
                Rectangle { width: parent.width * row.leftShare; height: parent.height; radius: 3; color: row.ink }
                // Overspent: nothing of the bar is left, and its frame says so.
                Rectangle { anchors.fill: parent; radius: 3; color: "transparent"; border.color: Theme.bad; visible: row.tone === "bad" && row.leftShare === 0 }
            }
            Txt {
                anchors.right: parent.right
                anchors.rightMargin: Theme.s3
                y: 28
                text: row.leftText
                small: true
                strong: true
            }
            Txt {
                x: Theme.s3
                y: 51
                width: parent.width - 2 * x - spark.width - Theme.s2
                text: row.word === "No data" ? "nothing to count lately"
                      : row.burnText + (row.exhaustionText === "spent" || row.exhaustionText === "lasts" || row.exhaustionText === "–"
                                        ? " · " + row.exhaustionText : " · out in " + row.exhaustionText)
                small: true
                muted: true
            }
            Sparkline {
                id: spark
                anchors.right: parent.right
                anchors.rightMargin: Theme.s3
                y: 46
                width: 72
                height: 24
                values: row.day
                color: row.ink
            }
            Rectangle { anchors.bottom: parent.bottom; x: Theme.s3; width: parent.width - 2 * x; height: 1; color: Theme.grid }
            HoverHandler { id: over }
            Tip { text: row.title + (row.tone === "none" ? "" : ". The line is what was left over 24 hours"); shown: over.hovered }
            TapHandler {
                onTapped: {
                    list.forceActiveFocus()
                    side.objectives.selected = row.name
                }
            }
        }
    }
    FocusRing { target: list; radius: Theme.radius; anchors.margins: 0 }
}
