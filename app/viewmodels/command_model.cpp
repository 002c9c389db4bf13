// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/command_model.h"

#include <algorithm>

namespace streamgauge::viewmodels {

namespace {

constexpr int kAboutTheText = 1 << 20;  // before every match

}  // namespace

int match_score(const QString& query, const QString& text) {
    int score = 0;
    qsizetype at = 0;
    qsizetype previous = -2;
    for (const QChar wanted : query) {
        if (wanted.isSpace()) continue;
        const QChar folded = wanted.toCaseFolded();
        while (at < text.size() && text[at].toCaseFolded() != folded) ++at;
        if (at == text.size()) return -1;
        const bool word_start = at == 0 || !text[at - 1].isLetterOrNumber();
        score += 1 + (word_start ? 4 : 0) + (at == previous + 1 ? 3 : 0);
        previous = at++;
    }
    return score;
}

CommandModel::CommandModel(std::vector<Command> commands, QObject* parent)
    : QAbstractListModel(parent), commands_(std::move(commands)) {
    refresh();
}

void CommandModel::set_filter(const QString& filter) {
    filter_ = filter;
    refresh();
}

void CommandModel::refresh() {
    std::vector<std::pair<int, Shown>> found;
    for (std::size_t i = 0; i < commands_.size(); ++i) {
        if (commands_[i].title_for) {
            const QString title = commands_[i].title_for(filter_.trimmed());
            if (!title.isEmpty() && commands_[i].enabled()) found.push_back({kAboutTheText, {i, title}});
            continue;
        }
        const int score = match_score(filter_, commands_[i].title);
        if (score >= 0 && commands_[i].enabled()) found.push_back({score, {i, commands_[i].title}});
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    beginResetModel();
    shown_.clear();
    for (auto& [score, shown] : found) shown_.push_back(std::move(shown));
    endResetModel();
    Q_EMIT filterChanged();
}

void CommandModel::runRow(int row) {
    if (row < 0 || row >= count()) return;
    const Command& command = commands_[shown_[static_cast<std::size_t>(row)].command];
    if (!command.enabled()) return;
    if (command.run_with) {
        command.run_with(filter_.trimmed());
    } else {
        command.run();
    }
}

bool CommandModel::run(const QString& id) {
    const auto found =
        std::find_if(commands_.begin(), commands_.end(), [&](const Command& command) { return command.id == id; });
    if (found == commands_.end() || !found->run || !found->enabled()) return false;
    found->run();
    return true;
}

int CommandModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : count();
}

QVariant CommandModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid)) return {};
    const Shown& shown = shown_[static_cast<std::size_t>(index.row())];
    const Command& command = commands_[shown.command];
    switch (role) {
        case Id:
            return command.id;
        case Qt::DisplayRole:
        case Title:
            return shown.title;
        case Keys:
            return command.keys;
        default:
            return {};
    }
}

QHash<int, QByteArray> CommandModel::roleNames() const {
    return {{Id, "commandId"}, {Title, "title"}, {Keys, "keys"}};
}

}  // namespace streamgauge::viewmodels
