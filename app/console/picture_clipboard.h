// SPDX-License-Identifier: GPL-3.0-or-later
// For QML: puts a picture, as Item.grabToImage() gives it, on the clipboard.
#pragma once

#include <QObject>
#include <QVariant>

namespace streamgauge::console {

// Lives on: GUI thread.
class PictureClipboard : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;
    // False, and the clipboard as it was, for what is no picture.
    Q_INVOKABLE bool copy(const QVariant& image) const;
};

}  // namespace streamgauge::console
