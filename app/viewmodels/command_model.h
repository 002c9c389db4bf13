// SPDX-License-Identifier: GPL-3.0-or-later
// Every action of the console by name, for the command palette and the overlay of keys.
#pragma once

#include <QAbstractListModel>

#include <functional>
#include <vector>

namespace streamgauge::viewmodels {

struct Command {
    QString id;
    QString title;
    QString keys;  // as shown, or empty
    std::function<bool()> enabled;
    std::function<void()> run;
    // For commands about what is typed into the palette: what they are called for that text, empty when they are not
    // about it; `run_with` gets the text. They come first.
    std::function<QString(const QString& text)> title_for = {};
    std::function<void(const QString& text)> run_with = {};
};

// The rows are the commands that match the filter and are enabled at the time of the filtering, best match first.
// Lives on: GUI thread.
class CommandModel : public QAbstractListModel {
    Q_OBJECT
    Q_PROPERTY(QString filter READ filter WRITE set_filter NOTIFY filterChanged)
    Q_PROPERTY(int count READ count NOTIFY filterChanged)
public:
    enum Role { Id = Qt::UserRole, Title, Keys };
    explicit CommandModel(std::vector<Command> commands, QObject* parent = nullptr);

    QString filter() const { return filter_; }
    void set_filter(const QString& filter);
    int count() const { return static_cast<int>(shown_.size()); }
    Q_INVOKABLE void runRow(int row);
    // False when there is no such command or it is not enabled.
    Q_INVOKABLE bool run(const QString& id);
    Q_INVOKABLE void refresh();

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

Q_SIGNALS:
    void filterChanged();

private:
    const std::vector<Command> commands_;
    struct Shown {
        std::size_t command;
        QString title;
    };
    std::vector<Shown> shown_;
    QString filter_;
};

// How well `text` holds the letters of `query` in order; -1 when it does not. Letters at word starts and in a row count
// more. An empty query matches everything with 0.
int match_score(const QString& query, const QString& text);

}  // namespace streamgauge::viewmodels
