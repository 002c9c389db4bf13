// SPDX-License-Identifier: GPL-3.0-or-later
// The alert rules of an objective, and the chosen one in a sentence.
import QtQuick
import QtQuick.Templates as T
import "../theme"

Panel {
    id: table
    required property var detail
    property bool stale: false
    property int chosen: 0
    readonly property var sentence: rows.count > 0 && rows.currentItem ? rows.currentItem.sentence : ""
    title: "Alerts"
    note: "a rule fires while both of its windows burn at least so fast"
    readonly property int cell: Math.floor((width - 2 * Theme.s3 - 110) / 6)
    component Head: Txt { height: 24; width: table.cell; small: true; faint: true; strong: true; horizontalAlignment: Text.AlignRight }
    component Cell: Txt { height: Theme.rowHeight; width: table.cell; horizontalAlignment: Text.AlignRight }
    Row {
        x: Theme.s3
        Head { text: "Severity"; horizontalAlignment: Text.AlignLeft }
        Head { text: "Long" }
        Head { text: "burns" }
        Head { text: "Short" }
        Head { text: "burns" }
        Head { text: "Fires at" }
        Head { width: 110; text: "State"; leftPadding: Theme.s4; horizontalAlignment: Text.AlignLeft }
    }
    Rectangle { y: 24; x: 1; width: parent.width - 2; height: 1; color: Theme.line }
    ListView {
        id: rows
        objectName: "alertRules"
        y: 25
        x: 1
        width: parent.width - 2
        height: parent.height - y - words.height - Theme.s2
        clip: true
        activeFocusOnTab: true
        model: table.detail.alerts
        boundsBehavior: Flickable.StopAtBounds
        onCountChanged: currentIndex = table.detail.worstRule
        Connections {
            target: table.detail
            property string shown
            function onChanged() {
                if (shown !== table.detail.name) rows.currentIndex = table.detail.worstRule
                shown = table.detail.name
            }
        }
        opacity: table.stale ? 0.6 : 1
        T.ScrollBar.vertical: ScrollMark {}
        Accessible.role: Accessible.List
        Accessible.name: "Alert rules"
        delegate: Rectangle {
            id: row
            required property int index
            required property string severityText
            required property string longText
            required property string shortText
            required property string longBurn
            required property string shortBurn
            required property string threshold
            required property string stateText
            required property string tone
            required property string sentence
            readonly property color ink: tone === "none" || tone === "good" ? Theme.textMuted : Theme.tone(tone)
            width: ListView.view ? ListView.view.width : 0
            height: Theme.rowHeight
            color: ListView.isCurrentItem ? Theme.selected : over.hovered ? Theme.hover : "transparent"
            Accessible.role: Accessible.ListItem
            Accessible.name: severityText + " " + longText + " and " + shortText + ": " + stateText + ". " + sentence
            Row {
                x: Theme.s3 - 1
                Cell { text: row.severityText; strong: true; horizontalAlignment: Text.AlignLeft }
                Cell { text: row.longText; muted: true }
                Cell { text: row.longBurn }
                Cell { text: row.shortText; muted: true }
                Cell { text: row.shortBurn }
                Cell { text: row.threshold; muted: true }
                Row {
                    leftPadding: Theme.s4
                    spacing: 5
                    Icon { anchors.verticalCenter: parent.verticalCenter; size: 12; stroke: 2.2; color: row.ink; name: row.tone === "none" ? "offline" : Theme.toneIcon(row.tone) }
                    Txt { objectName: "alertState" + row.index; height: Theme.rowHeight; text: row.stateText; strong: row.tone === "bad" || row.tone === "warning"; color: row.ink }
                }
            }
            HoverHandler { id: over }
            TapHandler { onTapped: { rows.currentIndex = row.index; rows.forceActiveFocus() } }
        }
    }
    FocusRing { target: rows; radius: 4; anchors.fill: rows }
    Txt {
        id: words
        objectName: "alertSentence"
        x: Theme.s3
        width: parent.width - 2 * x
        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.s2
        text: table.sentence
        small: true
        muted: true
        wrapMode: Text.Wrap
        elide: Text.ElideRight
        maximumLineCount: 2
    }
}
