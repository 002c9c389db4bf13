// SPDX-License-Identifier: GPL-3.0-or-later
// A line icon on a grid of 24, by name.
import QtQuick
import QtQuick.Shapes
import "../theme"

Item {
    id: icon
    property string name
    property color color: Theme.textMuted
    property real size: 16
    property real stroke: 1.7
    implicitWidth: size
    implicitHeight: size
    // Qt Quick's software renderer draws a shape that is scrolled out of its view, or cut by its edge, over whatever is
    // there, and leaves it there.
    property Item view: null
    readonly property bool inView: {
        if (!view || view.contentY + view.contentHeight + view.height + view.width < 0) return true
        const y = mapToItem(view, 0, 0).y
        return y > -1 && y + size < view.height + 1
    }
    Component.onCompleted: {
        for (let up = parent; up && !view; up = up.parent) if (up.clip && up.contentY !== undefined) view = up
    }

    readonly property var paths: ({
        "overview": "M4.6 18.5 A 9.3 9.3 0 1 1 19.4 18.5 M12 13.5 L15.8 8.2",
        "events": "M4 6 H20 M4 12 H20 M4 18 H13",
        "metrics": "M4 20 H20 M6.5 16.5 V11 M12 16.5 V5 M17.5 16.5 V8.5",
        "objectives": "M12 3.5 A 8.5 8.5 0 1 1 11.99 3.5 M12 8 A 4 4 0 1 1 11.99 8 M12 11.9 V12.1",
        "bell": "M6 16.5 V11 A 6 6 0 0 1 18 11 V16.5 L19.5 18.5 H4.5 Z M10 21 H14",
        "import": "M12 4 V14 M7.5 10 L12 14.5 L16.5 10 M4.5 15.5 V20 H19.5 V15.5",
        "export": "M12 14.5 V4 M7.5 8.5 L12 4 L16.5 8.5 M4.5 15.5 V20 H19.5 V15.5",
        "load": "M13 3 L5 13.5 H11 L10 21 L19 10 H13 Z",
        "pause": "M8.5 5.5 V18.5 M15.5 5.5 V18.5",
        "play": "M8 5.5 L18.5 12 L8 18.5 Z",
        "stop": "M6.5 6.5 H17.5 V17.5 H6.5 Z",
        "sun": "M12 8 A 4 4 0 1 1 11.99 8 M12 2.5 V4.5 M12 19.5 V21.5 M2.5 12 H4.5 M19.5 12 H21.5 M5.3 5.3 L6.7 6.7 M17.3 17.3 L18.7 18.7 M5.3 18.7 L6.7 17.3 M17.3 6.7 L18.7 5.3",
        "moon": "M20 14.2 A 8.4 8.4 0 1 1 9.8 4 A 6.6 6.6 0 0 0 20 14.2 Z",
        "system": "M3.5 5 H20.5 V16.5 H3.5 Z M8.5 20 H15.5 M12 16.5 V20",
        "search": "M10.5 4 A 6.5 6.5 0 1 1 10.49 4 M15.2 15.2 L20.5 20.5",
        "filter": "M4 5.5 H20 L14 12.5 V18.5 L10 20.5 V12.5 Z",
        "plus": "M12 5 V19 M5 12 H19",
        "edit": "M4 20 L5 15.5 L15.8 4.7 L19.3 8.2 L8.5 19 Z M13.5 7 L17 10.5",
        "trash": "M5 7 H19 M9.5 7 V4.5 H14.5 V7 M7 7 L8 20 H16 L17 7 M10.5 11 V16 M13.5 11 V16",
        "down": "M6 9.5 L12 15.5 L18 9.5",
        "copy": "M9 9 H20 V20 H9 Z M15 5.5 V4 H4 V15 H5.5",
        "check": "M5 12.5 L10 17.5 L19 7",
        "warning": "M12 4 L21 20 H3 Z M12 10 V14.5 M12 17.2 V17.4",
        "cross": "M6.5 6.5 L17.5 17.5 M17.5 6.5 L6.5 17.5",
        "offline": "M9 3.5 V8 M15 3.5 V8 M6 8 H18 V11.5 A 6 6 0 0 1 6 11.5 Z M12 17.5 V21",
        "clock": "M12 3.5 A 8.5 8.5 0 1 1 11.99 3.5 M12 7.5 V12 L15 14",
        "keyboard": "M3 6.5 H21 V17.5 H3 Z M7 10.5 V10.7 M10.3 10.5 V10.7 M13.7 10.5 V10.7 M17 10.5 V10.7 M8 14 H16",
        "inbox": "M4 13.5 L6.5 5 H17.5 L20 13.5 V19 H4 Z M4 13.5 H9 A 3 3 0 0 0 15 13.5 H20",
        "command": "M9 9 H15 V15 H9 Z M9 9 H6.5 A 2.5 2.5 0 1 1 9 6.5 Z M15 9 V6.5 A 2.5 2.5 0 1 1 17.5 9 Z M15 15 H17.5 A 2.5 2.5 0 1 1 15 17.5 Z M9 15 V17.5 A 2.5 2.5 0 1 1 6.5 15 Z"
    })

    Shape {
        width: 24
        height: 24
        scale: icon.size / 24
        transformOrigin: Item.TopLeft
        visible: icon.name !== "" && icon.inView
        ShapePath {
            strokeColor: icon.color
            strokeWidth: icon.stroke * 24 / icon.size * icon.size / 20
            fillColor: "transparent"
            capStyle: ShapePath.RoundCap
            joinStyle: ShapePath.RoundJoin
            PathSvg { path: icon.paths[icon.name] || "M0 0" }
        }
    }
}
