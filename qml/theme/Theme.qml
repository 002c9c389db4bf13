// SPDX-License-Identifier: GPL-3.0-or-later
// Every colour, size and duration, for both themes. Series colours follow Okabe and Ito's palette, which people with any
// colour vision can tell apart; state is never said by colour alone.
pragma Singleton
import QtQuick

QtObject {
    property bool dark: true

    // Surfaces, from the back to the front
    readonly property color window: dark ? "#0d1014" : "#f4f5f7"
    readonly property color chrome: dark ? "#11151a" : "#fbfbfc"
    readonly property color panel: dark ? "#151a21" : "#ffffff"
    readonly property color raised: dark ? "#1c222b" : "#ffffff"
    readonly property color field: dark ? "#0f1318" : "#ffffff"
    readonly property color hover: dark ? "#1f2630" : "#eef0f3"
    readonly property color pressed: dark ? "#28303b" : "#e3e6ea"
    readonly property color selected: dark ? "#1b2a41" : "#e3edfd"
    readonly property color line: dark ? "#232a34" : "#e1e4e9"
    readonly property color lineStrong: dark ? "#36404d" : "#c6ccd4"
    readonly property color grid: dark ? "#1f262f" : "#eceef1"
    readonly property color scrim: dark ? "#b3080a0d" : "#66242a33"

    // Text: each at least 4.5 : 1 on every surface above
    readonly property color text: dark ? "#e8ecf1" : "#14181e"
    readonly property color textMuted: dark ? "#a3adba" : "#4d5764"
    readonly property color textFaint: dark ? "#858f9d" : "#646d7a"
    readonly property color textOnAccent: "#ffffff"

    readonly property color accent: dark ? "#5c9dff" : "#1a66d6"
    readonly property color accentFill: dark ? "#2f6fd6" : "#1a66d6"
    readonly property color accentFillHover: dark ? "#3b7ce6" : "#1558bb"
    readonly property color focus: dark ? "#7db1ff" : "#1a66d6"

    readonly property color good: dark ? "#35b795" : "#04775a"
    readonly property color warning: dark ? "#e8ab3f" : "#8f5a00"
    readonly property color bad: dark ? "#f2716b" : "#c02b25"
    readonly property color goodFill: dark ? "#142a26" : "#e3f4ee"
    readonly property color warningFill: dark ? "#2b2414" : "#fdf3de"
    readonly property color badFill: dark ? "#2e1a1c" : "#fdebea"

    readonly property var outcomeColors: dark ? ["#4f9de8", "#b79ae0", "#ec7a4b", "#e6c04a"]
                                              : ["#2674c4", "#8662bf", "#cc4d16", "#a67c00"]
    readonly property var latencyColors: dark ? ["#56b4e9", "#e6a23c", "#d98cb8"] : ["#1580bd", "#b36b00", "#a84a80"]
    readonly property var loadColors: dark ? ["#858f9d", "#35b795", "#e6c04a", "#ec7a4b"]
                                           : ["#646d7a", "#04775a", "#a67c00", "#cc4d16"]
    readonly property var seriesColors: dark ? ["#4f9de8", "#e6a23c", "#35b795", "#d98cb8", "#e6c04a", "#858f9d"]
                                             : ["#2674c4", "#b36b00", "#04775a", "#a84a80", "#a67c00", "#646d7a"]
    readonly property color spark: dark ? "#4f9de8" : "#2674c4"

    function tone(name) {
        switch (name) {
        case "good": return good
        case "warning": return warning
        case "bad": return bad
        case "accent": return accent
        default: return textFaint
        }
    }
    function toneFill(name) {
        switch (name) {
        case "good": return goodFill
        case "warning": return warningFill
        case "bad": return badFill
        case "accent": return selected
        default: return hover
        }
    }
    function toneIcon(name) {
        switch (name) {
        case "good": return "check"
        case "warning": return "warning"
        case "bad": return "cross"
        default: return ""
        }
    }

    readonly property string sans: "Streamgauge Sans"
    readonly property string mono: "Streamgauge Mono"
    readonly property int sizeSmall: 11
    readonly property int sizeBody: 13
    readonly property int sizeTitle: 13
    readonly property int sizeHeading: 17
    readonly property int sizeValue: 25

    readonly property int s1: 4
    readonly property int s2: 8
    readonly property int s3: 12
    readonly property int s4: 16
    readonly property int s5: 24
    readonly property int s6: 32
    readonly property int radius: 8
    readonly property int radiusSmall: 5
    readonly property int controlHeight: 30
    readonly property int rowHeight: 26
    readonly property int motion: 160  // ms
}
