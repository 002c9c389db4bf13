// SPDX-License-Identifier: GPL-3.0-or-later
// The forms in which the report of a load run can be saved.
import QtQuick
import "../theme"

Row {
    id: row
    property bool search: false  // its report has fewer forms
    signal chosen(string kind)
    spacing: Theme.s1
    Txt { text: "Save as"; muted: true; anchors.verticalCenter: parent.verticalCenter; rightPadding: Theme.s1 }
    Repeater {
        model: row.search ? [["json", "JSON", "The answer and every step"], ["csv", "CSV", "A row a step"]]
             : [["html", "HTML", "A page with charts that needs nothing else"], ["json", "JSON", "Everything: whole histograms, every second"],
                ["csv", "CSV", "A row a second"], ["junit", "JUnit", "A case for each threshold"],
                ["hdr", "HDR", "HdrHistogram's log"], ["summary", "k6", "The summary as k6 gives it"]]
        delegate: Btn {
            required property var modelData
            objectName: "save_" + modelData[0]
            height: 26
            text: modelData[1]
            tip: modelData[2]
            onClicked: row.chosen(modelData[0])
        }
    }
}
