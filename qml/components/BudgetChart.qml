// SPDX-License-Identifier: GPL-3.0-or-later
// How much of an error budget is left over time, and how it may go on. Below zero it is overspent: hatched.
import QtQuick
import Streamgauge
import "../theme"

TimeChart {
    id: chart
    property var fanLow: []
    property var fanHigh: []
    drawn: false
    showsLatest: false
    colors: [Theme.good, Theme.textMuted]
    underlay: BudgetCurve {
        anchors.fill: parent
        model: chart.model
        low: chart.fanLow
        high: chart.fanHigh
        good: Theme.good
        bad: Theme.bad
        ahead: Theme.textMuted
    }
}
