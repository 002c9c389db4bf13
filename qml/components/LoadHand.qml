// SPDX-License-Identifier: GPL-3.0-or-later
// The hand on a load run: its rate, or the speed of a replay, a spike, a pause, the end.
import QtQuick
import QtQuick.Templates as T
import "../theme"

Panel {
    id: hand
    required property var load
    property real spikeTimes: 5
    // Of a replay the slider has the speed's logarithm: half and twice as fast are as far from once.
    readonly property bool replays: load.replays
    readonly property real shown: replays ? Math.log10(Math.max(0.001, load.speed)) : load.rate
    readonly property real chosenSpeed: Number(Math.pow(10, slider.value).toPrecision(3))
    implicitHeight: 46
    Accessible.name: "The hand on the run"

    Row {
        x: Theme.s3 + 2
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.s3
        Txt { text: hand.replays ? "Speed" : "Rate"; strong: true; muted: true; anchors.verticalCenter: parent.verticalCenter }
        T.Slider {
            id: slider
            objectName: "rateSlider"
            width: Math.max(120, Math.min(420, hand.width - buttons.width - 190))
            height: Theme.controlHeight
            from: hand.replays ? Math.min(-1, to - 1) : 1
            to: hand.replays ? Math.log10(hand.load.mostSpeed) : hand.load.mostRate
            stepSize: hand.replays ? (to - from) / 200 : Math.max(1, to / 200)
            live: true
            enabled: hand.load.canSteer
            opacity: enabled ? 1 : 0.45
            Accessible.name: hand.replays ? "Speed, times as fast as it was recorded" : "Rate, requests a second"
            // The hand has it while it moves; otherwise it shows what is planned.
            // Within its bounds, so that it is set again when they change with the run.
            Binding on value {
                when: !slider.pressed && !settle.running
                value: Math.max(slider.from, Math.min(slider.to, hand.shown))
                restoreMode: Binding.RestoreNone
            }
            onMoved: settle.restart()
            Timer { id: settle; interval: 250; onTriggered: hand.replays ? hand.load.setSpeed(hand.chosenSpeed) : hand.load.setRate(Math.round(slider.value)) }
            background: Rectangle {
                y: (slider.height - height) / 2
                width: slider.width
                height: 4
                radius: 2
                color: Theme.lineStrong
                Rectangle { width: slider.visualPosition * parent.width; height: 4; radius: 2; color: Theme.accent }
            }
            handle: Rectangle {
                x: slider.visualPosition * (slider.width - width)
                y: (slider.height - height) / 2
                width: 16
                height: 16
                radius: 8
                color: Theme.accentFill
                border.width: slider.activeFocus ? 2 : 1
                border.color: slider.activeFocus ? Theme.focus : Theme.panel
            }
        }
        Txt {
            objectName: "rateNow"
            width: 70
            anchors.verticalCenter: parent.verticalCenter
            text: hand.replays ? (slider.pressed || settle.running ? hand.chosenSpeed : hand.load.speed) + "\u202f×"
                               : Math.round(slider.value).toLocaleString(Qt.locale("C"), "f", 0).replace(/,/g, "\u202f") + "\u202f/s"
            strong: true
        }
    }
    Row {
        id: buttons
        anchors.right: parent.right
        anchors.rightMargin: Theme.s3
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.s2
        Btn {
            objectName: "planRate"
            text: hand.replays ? "Plan's speed" : "Plan's rate"
            tip: hand.replays ? "As the scenario says again" : "Give the stages their word back"
            enabled: hand.load.canSteer
            onClicked: hand.replays ? hand.load.setSpeed(0) : hand.load.setRate(0)
        }
        Btn {
            objectName: "spikeNow"
            iconName: "load"
            text: "Spike now"
            tip: hand.spikeTimes + (hand.replays ? " times the speed for 5 s, or as fast as may be" : " times the rate for 5 s")
            enabled: hand.load.canSteer && !hand.load.paused
            onClicked: hand.replays ? hand.load.spikeSpeed(hand.load.speed * hand.spikeTimes, 5)
                                    : hand.load.spike(Math.max(10, hand.load.rate * hand.spikeTimes), 5)
        }
        Btn {
            objectName: "pauseRun"
            iconName: hand.load.paused ? "play" : "pause"
            text: hand.load.paused ? "Go on" : "Pause"
            enabled: hand.load.canSteer
            onClicked: hand.load.paused ? hand.load.resume() : hand.load.pause()
        }
        Btn {
            objectName: "stopButton"
            danger: true
            iconName: "stop"
            text: hand.load.busy ? "Stopping …" : "Stop"
            enabled: hand.load.canStop
            onClicked: hand.load.stop()
        }
    }
}
